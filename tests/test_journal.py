from __future__ import annotations

import pytest
from twisted.logger import LogLevel, capturedLogs, formatEvent

from protocols.daemon.log import as_text
from protocols.handlers import CallTimeoutError
from protocols.journal import WARN_EVERY, Journal
from protocols.session import Peer

PEER = Peer("tcp", "192.0.2.1", 4000)


@pytest.mark.parametrize(
    ("happens", "counter"),
    [
        (lambda journal: journal.opened(PEER), "connections"),
        (lambda journal: journal.framing_error(PEER, ValueError("bad")), "framing_errors"),
        (lambda journal: journal.rejected(PEER, ValueError("bad")), "rejected"),
        (lambda journal: journal.closed(PEER, None), None),
        (lambda journal: journal.idle(PEER, 300.0), None),
    ],
)
def test_peers_doings_are_counted_and_logged_at_debug(happens, counter):
    journal = Journal("orders")
    with capturedLogs() as events:
        happens(journal)
    (event,) = events
    assert event["log_level"] is LogLevel.debug
    assert event["service"] == "orders"
    assert journal.summary() == (f"{counter.replace('_', ' ')}: 1" if counter else "never used")


def test_whoever_is_denied_is_called_by_what_is_known_of_them():
    journal = Journal("orders")
    with capturedLogs() as events:
        journal.denied(PEER, "no rule allows it")
        journal.denied(Peer("tls", "192.0.2.1", 4000, user="dev7\n"), "rule 2 of access")
    assert [formatEvent(event) for event in events] == [
        "orders: tcp://192.0.2.1:4000: denied: no rule allows it",
        "orders: tls://192.0.2.1:4000 ('dev7\\n'): denied: rule 2 of access",
    ]
    assert journal.counts.denied == 2


def test_failure_is_logged_with_its_traceback(failures):
    journal = Journal("orders")
    try:
        raise LookupError("the shelf is empty")
    except LookupError as error:
        journal.failed(PEER, error)
    (event,) = failures.take(LookupError)
    assert event["service"] == "orders"
    assert event["peer"] == PEER
    assert "test_failure_is_logged_with_its_traceback" in event["log_failure"].getTraceback()
    assert journal.counts.failures == 1


def test_what_words_say_whole_is_logged_without_a_traceback(failures):
    journal = Journal("orders")
    try:
        raise CallTimeoutError("shop.price did not answer within 5 s")
    except CallTimeoutError as error:
        journal.failed(PEER, error)
    (event,) = failures.take(CallTimeoutError)
    assert "log_failure" not in event
    assert formatEvent(event) == "orders: tcp://192.0.2.1:4000: shop.price did not answer within 5 s"
    assert as_text(event).count("\n") == 1
    assert journal.counts.failures == 1


@pytest.mark.parametrize("error", [CallTimeoutError("it is late"), LookupError("the shelf is empty")])
def test_a_failure_is_logged_with_its_route(failures, error):
    journal = Journal("web")
    journal.of_route("/price").failed(PEER, error)
    journal.failed(PEER, error, "/items/{id}")
    first, second = failures.take(type(error), type(error))
    assert (first["service"], first["route"]) == ("web", "/price")
    assert formatEvent(first).startswith("web /price: tcp://192.0.2.1:4000: ")
    assert formatEvent(second).startswith("web /items/{id}: tcp://192.0.2.1:4000: ")
    assert journal.counts.failures == 2


def test_summary_names_what_is_not_zero():
    journal = Journal("orders")
    journal.counts.connections = 12
    journal.counts.framing_errors = 2
    assert journal.summary() == "connections: 12, framing errors: 2"


def test_a_proxy_that_sends_no_header_is_warned_of_once_in_a_while(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("protocols.journal.time.monotonic", lambda: now[0])
    journal = Journal("orders")
    with capturedLogs() as events:
        journal.no_proxy_header(PEER, ValueError("it is late"))
        journal.refused("1000 are open")
        journal.no_proxy_header(PEER, ValueError("it is late"))
        now[0] += WARN_EVERY
        journal.no_proxy_header(PEER, ValueError("it is late"))
    assert journal.counts.framing_errors == 3
    levels = [event["log_level"] for event in events]
    assert levels == [LogLevel.warn, LogLevel.warn, LogLevel.debug, LogLevel.warn]
    assert formatEvent(events[0]) == (
        "orders: tcp://192.0.2.1:4000, whom accept_proxy names: it is late; the connection is broken off"
    )


def test_refused_connections_are_counted_and_warned_of_once_in_a_while(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("protocols.journal.time.monotonic", lambda: now[0])
    journal = Journal("orders")
    with capturedLogs() as events:
        journal.refused("1000 are open")
        journal.refused("1000 are open")
        now[0] += WARN_EVERY
        journal.refused("1000 are open")
    assert journal.counts.refused == 3
    assert [event["log_level"] for event in events] == [LogLevel.warn] * 2
    assert [event["count"] for event in events] == [1, 3]


@pytest.mark.parametrize("error", [CallTimeoutError("it is late"), ValueError("on purpose")])
def test_a_failure_names_the_request_that_it_was_about(failures, error):
    Journal("orders").failed(PEER, error, "/price", "4f2a")
    (event,) = failures.take(type(error))
    assert formatEvent(event).endswith(" (request 4f2a)")
    assert event["request"] == "4f2a"
