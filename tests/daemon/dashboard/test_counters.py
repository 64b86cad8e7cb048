"""What counters mean."""

from __future__ import annotations

from dataclasses import fields

from protocols.daemon.dashboard.counters import WORDS, told, totals
from protocols.journal import Counts


def test_every_counter_there_is_has_words():
    assert {field.name for field in fields(Counts)} - {"over"} <= set(WORDS)


def test_datagrams_are_not_counted_twice(made):
    assert totals(made.service(counts={"datagrams": 5, "requests": 2}))["traffic"] == 7
    assert totals(made.service(counts={"datagrams": 5, "messages": 9}))["traffic"] == 9


def test_errors_and_refusals(made):
    counts = {"failures": 1, "rejected": 2, "denied": 4, "connections": 100}
    sums = totals(made.service(counts=counts, over={"per_source": 8}))
    assert sums == {"traffic": 0, "errors": 3, "refusals": 12}


def test_what_is_told(made):
    service = made.service(
        counts={"failures": 1, "connections": 2, "denied": 0, "bytes_in": 7}, over={"per_source": 8, "x": 0}
    )
    assert list(told(service)) == [
        ("bytes_in", "bytes in", "traffic", 7),
        ("connections", "connections", "traffic", 2),
        ("failures", "errors of the handler", "errors", 1),
        ("over per_source", "times a source was over limits.per_source", "refusals", 8),
    ]
