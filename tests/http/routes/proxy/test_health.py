from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.logger import LogEvent, LogLevel, capturedLogs, formatEvent

from protocols.http import ProxyLimits
from protocols.http.routes.proxy.errors import broken_off, silent, unreachable
from protocols.http.routes.proxy.health import WARN_EVERY, Health

REFUSED = unreachable("nobody listens")
GET = b"GET /p/ HTTP/1.1\r\nHost: a.test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def health() -> Health:
    return Health("http://h:9", "web", ProxyLimits(failures=3, out=10))


@pytest.fixture
def log() -> Iterator[list[LogEvent]]:
    with capturedLogs() as events:
        yield events


def aloud(events: list[LogEvent]) -> list[str]:
    """What operators read that do not look for it."""
    return [formatEvent(event) for event in events if event["log_level"] > LogLevel.debug]


# -- what is counted ---------------------------------------------------------------------------------


def test_who_fails_in_a_row_is_out_for_a_while(health) -> None:
    for now in (0, 1, 2):
        assert not health.is_out(now)
        health.failed(now, REFUSED)
    assert health.is_out(11.9)
    assert not health.is_out(12)
    health.failed(12, REFUSED)
    assert health.is_out(21)
    health.succeeded(21)
    assert not health.is_out(21)


def test_trouble_does_not_count(health) -> None:
    for now in range(9):
        health.troubled(now, broken_off("it closed"))
    assert not health.is_out(9)


# -- what is told ------------------------------------------------------------------------------------


def test_each_kind_of_failure_is_told_once_and_then_the_recovery(health, log) -> None:
    for now in range(0, 1000, 10):
        health.failed(now, REFUSED)
        health.failed(now, silent("no answer within 30 s"))
    health.succeeded(1000)
    health.succeeded(1001)
    assert aloud(log) == [
        "web: the origin http://h:9 cannot be reached: nobody listens",
        "web: the origin http://h:9 is silent: no answer within 30 s",
        "web: the origin http://h:9 answers again, 1000 s after the first warning",
    ]
    assert len(log) == 201


def test_an_origin_that_comes_and_goes_is_told_of_once_in_a_while(health, log) -> None:
    for second in range(int(WARN_EVERY * 2) + 1):
        health.failed(second, REFUSED)
        health.succeeded(second + 0.5)
    warning = "web: the origin http://h:9 cannot be reached: nobody listens"
    recovery = "web: the origin http://h:9 answers again, 0 s after the first warning"
    again = f"{warning} (59 more failures since the last warning)"
    assert aloud(log) == [warning, recovery, again, recovery, again, recovery]


def test_a_success_is_nothing_to_tell(health, log) -> None:
    health.succeeded(0)
    assert log == []


# -- what a request brings ---------------------------------------------------------------------------


def test_a_connection_that_is_refused(proxied, origins, log) -> None:
    client = proxied()
    for _ in range(3):
        client.send(GET)
        origins.attempt().refuse()
    client.send(GET)
    origins.accept().say(OK)
    told = aloud(log)
    assert len(told) == 2
    assert told[0].startswith("web: the origin unix:one.sock cannot be reached: ")
    assert told[1].startswith("web: the origin unix:one.sock answers again")


def test_a_connection_that_takes_too_long(proxied, origins, log) -> None:
    client = proxied(connect=3)
    client.send(GET)
    origins.attempt()
    origins.wait(4)
    assert aloud(log) == ["web: the origin unix:one.sock cannot be reached in time: no connection within 3 s"]


def test_a_response_that_cannot_be_read(proxied, origins, log) -> None:
    client = proxied()
    client.send(GET)
    origins.accept().say(b"SSH-2.0-OpenSSH_9\r\n")
    (told,) = aloud(log)
    assert told.startswith("web: the origin unix:one.sock answers what cannot be read: ")


def test_a_response_that_breaks_off(proxied, origins, log) -> None:
    client = proxied(failures=1)
    client.send(GET)
    origin = origins.accept()
    origin.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
    client.turn()
    origin.leave()
    client.turn()
    assert aloud(log) == [
        "web: the origin unix:one.sock broke off: it closed the connection before its response was whole"
    ]
    assert not client.route.origins[0].health.is_out(client.clock.seconds())


def test_a_client_that_leaves_is_no_trouble_of_the_origin(proxied, origins, log) -> None:
    client = proxied()
    client.send(GET)
    origins.accept().say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
    client.turn()
    client.leave()
    assert aloud(log) == []


def test_what_may_not_be_repeated_on_a_stale_connection(proxied, origins, log) -> None:
    client = proxied(failures=1)
    client.send(GET)
    stale = origins.accept()
    stale.say(OK)
    client.send(GET.replace(b"GET", b"PATCH"))
    stale.leave()
    assert [answer.status for answer in client.answers()] == [200, 502]
    assert len(aloud(log)) == 1
    assert not client.route.origins[0].health.is_out(client.clock.seconds())


def test_a_stale_connection_that_is_replaced_is_nothing_to_tell(proxied, origins, log) -> None:
    client = proxied()
    client.send(GET)
    stale = origins.accept()
    stale.say(OK)
    client.send(GET)
    stale.leave()
    origins.accept().say(OK)
    assert aloud(log) == []
