"""What counters mean."""

from __future__ import annotations

from protocols.counts import Counts
from protocols.daemon.dashboard.counters import WORDS, told, totals


def test_every_counter_there_is_has_words():
    assert set(Counts().as_dict()) <= set(WORDS)


def test_messages_datagrams_and_requests_are_traffic(made):
    assert totals(made.service(counts={"datagrams": 5, "requests": 2}))["traffic"] == 7
    assert totals(made.service(counts={"datagrams": 5, "messages": 9, "bytes_in": 99}))["traffic"] == 14


def test_errors_and_refusals(made):
    counts = {"failures": 1, "rejected": 2, "denied": 4, "connections": 100}
    sums = totals(made.service(counts=counts, over={"per_source": 8}))
    assert sums == {"traffic": 0, "errors": 3, "refusals": 12}


def test_what_is_told(made):
    service = made.service(
        counts={"failures": 1, "connections": 2, "denied": 0, "bytes_in": 7}, over={"per_source": 8, "x": 0}
    )
    assert list(told(service)) == [
        ("connections", "connections", "traffic", 2),
        ("bytes_in", "bytes received", "traffic", 7),
        ("failures", "errors of the handler", "errors", 1),
        ("over per_source", "times a source was over limits.per_source", "refusals", 8),
    ]
