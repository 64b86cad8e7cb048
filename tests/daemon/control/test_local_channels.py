"""What is asked of the channels of one process."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from twisted.internet.defer import Deferred

from protocols.channels import Entry, UnavailableError
from protocols.channels.store import READ_MESSAGES
from protocols.daemon.control.channel_messages import NewMessage
from protocols.daemon.control.operations import OperationError


def result(deferred):
    found = []
    deferred.addBoth(found.append)
    assert found, "there is no answer yet"
    return found[0]


def failed(deferred) -> str:
    failure = result(deferred)
    assert failure.check(OperationError), failure
    return failure.getErrorMessage()


def bodies(page):
    return [one.message.body for one in page.messages]


def new(body: bytes, **more: str) -> NewMessage:
    return NewMessage(base64=b64encode(body).decode(), **more)


@pytest.fixture
def channels(shelf):
    return shelf.operations


# what is read


def test_pages(shelf, channels):
    shelf.add("readings", *(b"%d" % n for n in range(1, 6)))
    page = result(channels.page("readings", 1, 2))
    assert (bodies(page), page.position, page.first, page.last) == ([b"2", b"3"], 3, 1, 5)
    page = result(channels.page("readings", 3))
    assert (bodies(page), page.position) == ([b"4", b"5"], 5)
    page = result(channels.page("readings", 5))
    assert (bodies(page), page.position) == ([], 5)


def test_nothing_is_looked_for_before_it_is_known_what_is_kept(shelf, channels, monkeypatch):
    store = shelf.add("readings", b"1", b"2").store
    known = []

    def away():
        known.append(Deferred())
        return known[-1]

    monkeypatch.setattr(store, "known", away)
    asked = [
        channels.position("readings", "all"),
        channels.page("readings", 0),
        channels.trim("readings", 1),
    ]
    assert not any(one.called for one in asked)
    for one in known:
        one.errback(UnavailableError("NATS is away"))
    assert list(map(failed, asked)) == ["NATS is away"] * 3
    monkeypatch.undo()
    assert bodies(result(channels.page("readings", 0))) == [b"1", b"2"]


def test_no_page_is_longer_than_what_is_read_at_a_time(shelf, channels):
    shelf.add("readings", *[b"x"] * (READ_MESSAGES + 1))
    assert len(result(channels.page("readings", 0, 10 * READ_MESSAGES)).messages) == READ_MESSAGES


def test_a_page_of_one_key_is_behind_all_others_too(shelf, channels):
    shelf.add("readings").publish([Entry(b"a", "one"), Entry(b"b", "two"), Entry(b"c", "two")])
    page = result(channels.page("readings", 0, key="one"))
    assert (bodies(page), page.position) == ([b"a"], 1)
    page = result(channels.page("readings", 1, key="one"))
    assert (bodies(page), page.position) == ([], 3)


def test_somebody_waits_for_what_comes(shelf, channels, clock):
    channel = shelf.add("readings", b"old")
    waiting = channels.page("readings", 1, wait=5.0)
    assert not waiting.called
    channel.publish([Entry(b"new")])
    page = result(waiting)
    assert (bodies(page), page.position) == ([b"new"], 2)
    assert (channel.on_news, clock.getDelayedCalls()) == (set(), [])


def test_somebody_waits_in_vain(shelf, channels, clock):
    channel = shelf.add("readings", b"old")
    waiting = channels.page("readings", 1, wait=5.0)
    clock.advance(5.0)
    page = result(waiting)
    assert (bodies(page), page.position) == ([], 1)
    assert channel.on_news == set()


def test_nobody_waits_for_ever(shelf, channels, clock):
    shelf.add("readings")
    waiting = channels.page("readings", 0, wait=1e9)
    clock.advance(30.0)
    assert result(waiting).messages == ()


def test_what_comes_with_another_key_ends_the_waiting(shelf, channels):
    channel = shelf.add("readings", b"old")
    waiting = channels.page("readings", 1, key="one", wait=5.0)
    channel.publish([Entry(b"new", "two")])
    page = result(waiting)
    assert (bodies(page), page.position) == ([], 2)


@pytest.mark.parametrize(
    ("since", "position"), [("all", 0), ("new", 3), ("last", 2), ("2", 2), ("30s", 1), ("1h", 0)]
)
def test_where_somebody_begins(shelf, channels, clock, since, position):
    channel = shelf.add("readings", b"a")
    clock.advance(60.0)
    channel.publish([Entry(b"b"), Entry(b"c")])
    assert result(channels.position("readings", since)) == position


def test_a_beginning_that_is_none(shelf, channels):
    shelf.add("readings")
    assert "since is new, last, all" in failed(channels.position("readings", "soon"))


def test_history_is_lines_of_json(shelf, channels):
    shelf.add("readings", b"a", b"\xff", b"c")
    piece = result(channels.export("readings", 0, 2))
    first, second = map(json.loads, piece.text.splitlines())
    assert (first["body"], second["base64"], piece.messages, piece.position) == ("a", "/w==", 2, 2)
    assert result(channels.export("readings", 2, 2)).text == ""


# what is published


def test_what_is_published(shelf, channels):
    channel = shelf.add("readings")
    first, second = result(
        channels.publish(
            "readings", [new(b"{}", key="k", id="a", content_type="application/json"), new(b"b")]
        )
    )
    assert (first.seq, first.is_new, second.seq) == (1, True, 2)
    (again,) = result(channels.publish("readings", [new(b"{}", id="a")]))
    assert (again.seq, again.is_new) == (1, False)
    message, _ = result(channel.store.read(0))
    assert message[2:7] == (b"{}", "k", "a", "operator", "application/json")


def test_what_is_refused(shelf, channels):
    shelf.add("readings")
    assert failed(channels.publish("readings", [new(b"{", content_type="application/json")])).startswith(
        "the body is said to be JSON, and is none"
    )


def test_a_store_that_takes_nothing(shelf, channels):
    shelf.add("readings").store.close()
    assert failed(channels.publish("readings", [new(b"x")])) == "the channel is closed"


def test_it_is_said_once_it_is_durable(shelf, channels, monkeypatch):
    channel, told = shelf.add("readings"), Deferred()
    monkeypatch.setattr(channel.store, "append", lambda entries: told)
    published = channels.publish("readings", [new(b"x")])
    assert not published.called
    told.errback(UnavailableError("the disk is full"))
    assert failed(published) == "the disk is full"


# what is changed


def test_what_is_trimmed(shelf, channels):
    channel = shelf.add("readings", b"a", b"b", b"c")
    assert result(channels.trim("readings", 2)).text == "2 messages of readings forgotten"
    assert (channel.store.extent.first, channel.counts.trimmed) == (3, 2)
    assert result(channels.trim("readings", 99)).text == "1 message of readings forgotten"
    assert channel.store.extent.messages == 0
    assert channel.tail.after(0, 9) is None, "nor is any of it given out of memory"


def test_a_group_goes_on_elsewhere(shelf, channels):
    shelf.add("readings-dead")
    channel = shelf.add("readings", b"a", b"b", b"c", groups=["billing"], dead="readings-dead")
    result(channel.store.claim("billing", 10, 60.0))
    heard = []
    channel.on_news.add(lambda: heard.append(1))
    told = result(channels.rewind("readings", "billing", 1))
    assert told.text == "billing of readings goes on behind message 1"
    assert [claim.message.seq for claim in result(channel.store.claim("billing", 10, 60.0))] == [2, 3]
    assert heard == [1], "its members look for what there is now"


def test_what_there_is_not(shelf, channels):
    shelf.add("readings", groups=["billing"])
    assert failed(channels.page("nothing", 0)) == "there is no channel nothing; there are: readings"
    assert failed(channels.rewind("readings", "x", 0)) == "readings has no group x; it has: billing"
    assert failed(channels.dead("readings", "x")) == "readings has no group x; it has: billing"
    expected = "no group of readings has a channel of dead letters"
    assert failed(channels.dead("readings")) == expected


def test_without_any_channel(channels):
    assert failed(channels.trim("readings", 1)) == "there is no channel readings; there are: none"


# dead letters


@pytest.fixture
def orders(shelf):
    shelf.add("orders-dead")
    channel = shelf.add("orders", groups=["billing", "audit"], dead="orders-dead")
    shelf.bury("orders-dead", b"a")
    shelf.bury("orders-dead", b"b", "audit", seq="not a number", tries="")
    return channel


def test_dead_letters_are_listed_until_somebody_has_dealt_with_them(orders, channels):
    for _ in range(2):
        first, second = result(channels.dead("orders"))
        assert (first.channel, first.letter.message.body) == ("orders-dead", b"a")
        assert (first.group, first.seq, first.tries, first.error) == ("billing", 7, 5, "no such customer")
        assert (second.group, second.seq, second.tries) == ("audit", 0, 0)
    assert [one.group for one in result(channels.dead("orders", "audit"))] == ["audit"]
    assert [one.letter.seq for one in result(channels.dead("orders", most=1))] == [1]


def test_what_is_dead_is_published_again(orders, channels):
    assert result(channels.retry("orders")).text == "2 dead letters published again in orders"
    assert [message.body for message in result(orders.store.read(0))] == [b"a", b"b"]
    assert result(channels.dead("orders")) == []
    assert result(channels.retry("orders")).text == "0 dead letters published again in orders"


def test_some_are_dropped(orders, channels):
    assert result(channels.drop("orders", letters=[2])).text == "1 dead letter dropped"
    assert [one.letter.seq for one in result(channels.dead("orders"))] == [1]
    assert orders.last == 0
    outcome = result(channels.drop("orders", letters=[2, 9]))
    assert (outcome.done, outcome.text) == (False, "0 dead letters dropped; 2 more that there are not")


def test_those_of_one_group_are_dropped(orders, channels):
    assert result(channels.drop("orders", "billing")).text == "1 dead letter dropped"
    assert [one.group for one in result(channels.dead("orders"))] == ["audit"]
