"""What the operator hears of a target that does not answer."""

from __future__ import annotations

from protocols.handlers.forward.outage import Outage


def test_once_and_once_a_minute_while_it_lasts_and_of_its_return(said):
    outage = Outage("db", "tcp://127.0.0.1:1")
    outage.succeeded()
    for now in range(0, 130, 10):
        outage.failed("connection refused", float(now))
    outage.succeeded()
    outage.succeeded()
    for now in range(131, 190):
        outage.failed("timed out", float(now))
        outage.succeeded()
    assert said == [
        "db: cannot forward to tcp://127.0.0.1:1: connection refused",
        "db: cannot forward to tcp://127.0.0.1:1: connection refused (7 failures in a row)",
        "db: cannot forward to tcp://127.0.0.1:1: connection refused (13 failures in a row)",
        "db: tcp://127.0.0.1:1 can be forwarded to again (failures: 13)",
        "db: cannot forward to tcp://127.0.0.1:1: timed out",
        "db: tcp://127.0.0.1:1 can be forwarded to again (failures: 1)",
    ]
