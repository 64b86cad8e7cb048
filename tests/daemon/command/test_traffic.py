"""The few figures that are looked at first."""

from __future__ import annotations

from dataclasses import fields

from protocols.daemon.command.traffic import Traffic, traffic
from protocols.daemon.control.status import ServiceStatus


def test_totals():
    counts = {
        "connections": 1,
        "messages": 2,
        "datagrams": 30,
        "requests": 400,
        "bytes_in": 5,
        "bytes_out": 6,
    }
    errors = {"failures": 1, "rejected": 2, "denied": 4, "something_new": 99}
    service = ServiceStatus(
        name="a", answers="", addresses=(), counts=counts | errors, over={"per_source": 8}
    )
    assert traffic(service) == Traffic(1, 432, 5, 6, 15)


def test_what_passes_in_a_second():
    before, after = Traffic(1, 100, 1000, 0, 3), Traffic(3, 120, 1500, 10, 3)
    assert after.per_second(before, 2) == Traffic(1, 10, 250, 5, 0)


def test_a_new_process_begins_anew():
    total = Traffic(5, 5, 5, 5, 5)
    assert Traffic(1, 1, 1, 1, 1).per_second(total, 1) == Traffic(*(0 for _ in fields(Traffic)))
