"""Several origins, several clients: who goes where, and who waits."""

from __future__ import annotations

import pytest
from twisted.internet.error import ConnectionLost

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /p/a HTTP/1.1\r\nHost: a.test\r\n\r\n"
TWO = ("unix:one", "unix:two")


def statuses(client) -> list[int]:
    return [answer.status for answer in client.answers()]


@pytest.fixture
def ask(another, origins):
    """Send a request over a connection of its own; where it goes, and who asked."""

    def ask(client, request: bytes = GET):
        other = another(client)
        other.send(request)
        return origins.attempt(), other

    return ask


# -- balance -----------------------------------------------------------------------------------------


def test_each_in_turn(proxied, ask) -> None:
    client = proxied("unix:one", "unix:two", "unix:three")
    found = [ask(client)[0].address for _ in range(6)]
    assert sorted(found[:3]) == ["one", "three", "two"]
    assert found[3:] == found[:3]


def test_the_one_with_the_fewest(proxied, ask) -> None:
    client = proxied(*TWO, balance="least_connections")
    first = ask(client)[0]
    second = ask(client)[0]
    assert {first.address, second.address} == {"one", "two"}
    first.accept().say(OK + b"!")  # it is not kept
    assert ask(client)[0].address == first.address


def test_a_base_of_its_own_for_each(proxied, ask) -> None:
    client = proxied("unix:one:/1/", "unix:two:/2/")
    for _ in range(2):
        attempt, _ = ask(client)
        expected = {"one": b"GET /1/a ", "two": b"GET /2/a "}[attempt.address]
        assert attempt.accept().take().startswith(expected)


# -- health ------------------------------------------------------------------------------------------


def test_where_nothing_listens_the_next_is_asked(proxied, ask, origins) -> None:
    client = proxied(*TWO)
    attempt, asker = ask(client, b"POST /p/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    attempt.refuse()
    second = origins.attempt()
    assert second.address != attempt.address
    origin = second.accept()
    assert origin.take().endswith(b"\r\n\r\nx")
    origin.say(OK)
    assert statuses(asker) == [200]


def test_one_that_breaks_off_is_followed_by_another(proxied, ask, origins) -> None:
    client = proxied(*TWO)
    attempt, asker = ask(client)
    attempt.accept().leave(ConnectionLost)
    second = origins.attempt()
    assert second.address != attempt.address
    second.accept().leave(ConnectionLost)
    assert origins.attempts == []
    assert statuses(asker) == [502]


def fail(ask, origins, client, name: str, times: int) -> None:
    """Have the origin `name` fail so often; the other answers."""
    while times:
        attempt, asker = ask(client)
        if attempt.address == name:
            attempt.refuse()
            attempt = origins.attempt()
            times -= 1
        attempt.accept().say(OK + b"!")
        assert statuses(asker) == [200]


def answered(attempt) -> str:
    """Answer what is asked there, and close the connection."""
    attempt.accept().say(OK.replace(b"200", b"500") + b"!")
    return attempt.address


def test_one_that_fails_too_often_is_left_out_for_a_while(proxied, ask, origins) -> None:
    client = proxied(*TWO, failures=3, out=10)
    fail(ask, origins, client, "one", 2)
    fail(ask, origins, client, "one", 1)  # it is still asked
    assert {answered(ask(client)[0]) for _ in range(4)} == {"two"}
    origins.wait(11)
    found = [ask(client)[0] for _ in range(2)]
    assert {attempt.address for attempt in found} == {"one", "two"}


def test_one_that_answers_again_is_well(proxied, ask, origins) -> None:
    client = proxied(*TWO, failures=2, out=10)
    fail(ask, origins, client, "one", 2)
    origins.wait(11)
    assert {answered(ask(client)[0]) for _ in range(2)} == {"one", "two"}
    fail(ask, origins, client, "one", 1)
    assert {ask(client)[0].address for _ in range(2)} == {"one", "two"}


def test_where_all_have_failed_they_are_tried_all_the_same(proxied, ask, origins) -> None:
    client = proxied(*TWO, failures=1, out=1000)
    attempt, _ = ask(client)
    attempt.refuse()
    origins.attempt().refuse()
    attempt, asker = ask(client)
    attempt.accept().say(OK)
    assert statuses(asker) == [200]


def test_one_that_does_not_answer_has_failed_too(proxied, ask, origins) -> None:
    client = proxied(*TWO, failures=1, timeout=2, out=1000)
    attempt, asker = ask(client)
    attempt.accept()
    origins.wait(4)
    assert statuses(asker) == [504]
    assert {ask(client)[0].address for _ in range(3)} == {"one", "two"} - {attempt.address}


# -- bounds ------------------------------------------------------------------------------------------


def test_no_more_connections_than_allowed(proxied, ask, another, origins) -> None:
    client = proxied(connections=2, queue=1)
    first, second = ask(client), ask(client)
    waiting, refused = another(client), another(client)
    waiting.send(GET)
    refused.send(GET)
    assert origins.attempts == []
    (answer,) = refused.answers()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    origin = first[0].accept()
    second[0].accept()
    origin.take()
    origin.say(OK)
    assert origin.take().startswith(b"GET /p/a ")  # for the one who waited
    origin.say(OK)
    assert statuses(waiting) == [200]


@pytest.mark.parametrize("how", ["refuse", "break", "leave"])
def test_room_that_a_failure_makes_is_used(proxied, ask, another, origins, how: str) -> None:
    client = proxied(connections=1)
    attempt, asker = ask(client)
    waiting = another(client)
    waiting.send(GET)
    if how == "refuse":
        attempt.refuse()
    elif how == "break":
        attempt.accept().say(b"?\r\n")
    else:
        asker.break_off()
    origins.accept().say(OK)
    assert statuses(waiting) == [200]
    assert client.route.origins[0].opened == 1


def test_nobody_waits_for_ever(proxied, ask, another, origins) -> None:
    client = proxied(connections=1, connect=2)
    ask(client)[0].accept()
    waiting = another(client)
    waiting.send(GET)
    origins.wait(3)
    assert statuses(waiting) == [503]


def test_who_leaves_the_queue_takes_nothing(proxied, ask, another, origins) -> None:
    client = proxied(connections=1)
    origin = ask(client)[0].accept()
    leaver, waiting = another(client), another(client)
    for one in (leaver, waiting):
        one.send(GET)
    leaver.break_off()
    origin.take()
    origin.say(OK)
    assert origin.take().count(b"GET") == 1
    origin.say(OK)
    assert statuses(waiting) == [200]


def test_nothing_is_left_when_everything_is_over(proxied, ask, clock, origins) -> None:
    client = proxied(keep_alive=1)
    for _ in range(3):
        attempt, asker = ask(client)
        origin = attempt.accept()
        origin.say(OK)
        asker.leave()
        origins.wait(3)
        assert origin.closed
    client.leave()
    assert client.route.origins[0].opened == 0
    assert clock.getDelayedCalls() == []


def test_nothing_begins_once_it_is_stopped(proxied, ask, origins) -> None:
    client = proxied()
    attempt, _ = ask(client)
    client.factory.stop()
    assert attempt.stopped
    client.send(GET)
    assert statuses(client) == [503]
