"""Dead letters, and what is left of them if something goes wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from protocols.channels import Channel, Entry, UnavailableError
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.daemon.control.dead_letter_box import AT_A_TIME, DEADLINE, DeadLetterBox


def any_letter(letter) -> bool:
    return True


def result(coroutine):
    found = []
    Deferred.fromCoroutine(coroutine).addBoth(found.append)
    return found[0]


@pytest.fixture
def dead(shelf):
    return shelf.add("orders-dead")


@pytest.fixture
def orders(shelf, dead):
    return shelf.add("orders", groups=["billing", "audit"], dead="orders-dead")


def test_groups_that_share_a_channel_share_its_letters(shelf, orders, dead):
    shelf.add("others-dead")
    orders.groups["other"] = type(orders.groups["audit"])(
        orders, "other", orders.groups["audit"].terms, shelf.channels["others-dead"]
    )
    assert [box.channel.name for box in DeadLetterBox.of(orders)] == ["orders-dead", "others-dead"]
    assert [box.channel.name for box in DeadLetterBox.of(orders, "other")] == ["others-dead"]
    assert [*DeadLetterBox.of(dead)] == []


def test_letters_of_a_store_that_was_away(shelf, dead, monkeypatch):
    """It has not said what it keeps when they are asked for."""
    back = Deferred()
    monkeypatch.setattr(dead.store, "known", lambda: back)
    listed = Deferred.fromCoroutine(DeadLetterBox(dead).listed(9, any_letter))
    shelf.bury("orders-dead", b"a")
    back.callback(None)
    assert [letter.body for letter in listed.result] == [b"a"]


def test_more_than_are_dealt_with_at_a_time(shelf, orders, dead):
    for number in range(2 * AT_A_TIME + 1):
        shelf.bury("orders-dead", b"%d" % number)
    box = DeadLetterBox(dead)
    assert result(box.count()) == 2 * AT_A_TIME + 1
    assert len(result(box.listed(1000, any_letter))) == 2 * AT_A_TIME + 1
    assert result(box.count()) == 2 * AT_A_TIME + 1, "to look is not to deal with them"
    assert result(box.put_back(orders, lambda letter: letter.seq % 2 == 0)) == AT_A_TIME
    assert result(box.count()) == AT_A_TIME + 1
    assert orders.last == AT_A_TIME


def test_what_comes_meanwhile_is_left_for_the_next_time(shelf, orders, dead):
    shelf.bury("orders-dead", b"a")
    orders.on_news.add(lambda: shelf.bury("orders-dead", b"a"))  # it is given up again at once
    assert result(DeadLetterBox(dead).put_back(orders, any_letter)) == 1
    assert result(DeadLetterBox(dead).count()) == 1


def test_what_the_channel_does_not_take_stays_dead(shelf, orders, dead, monkeypatch):
    for body in (b"a", b"b", b"c"):
        shelf.bury("orders-dead", body)
    publish = orders.publish

    def takes_one(entries):
        if orders.last:
            raise UnavailableError("the disk is full")
        return publish(entries)

    monkeypatch.setattr(orders, "publish", takes_one)
    failure = result(DeadLetterBox(dead).put_back(orders, any_letter))
    assert failure.check(UnavailableError)
    assert [letter.body for letter in result(DeadLetterBox(dead).listed(10, any_letter))] == [b"b", b"c"]


def test_a_letter_that_is_seen_again_is_published_once(shelf, orders, dead, clock):
    """As where the process has died after it was published, and before it was settled."""
    shelf.bury("orders-dead", b"a", place="shelf")
    settle, dead.store.settle = dead.store.settle, lambda group, seqs: _died()
    assert result(DeadLetterBox(dead).put_back(orders, any_letter)).check(UnavailableError)
    dead.store.settle = settle
    clock.advance(DEADLINE)
    assert result(DeadLetterBox(dead).put_back(orders, any_letter)) == 1
    assert orders.last == 1
    (message,) = orders.tail.after(0, 10)
    assert message.headers == (("place", "shelf"),), "where it was given up is of no interest any more"


def _died() -> Deferred[int]:
    died: Deferred[int] = Deferred()
    died.errback(UnavailableError("dead"))
    return died


@given(st.lists(st.tuples(st.sampled_from(["bury", "list", "drop", "back"]), st.integers(1, 12))))
def test_each_letter_is_dealt_with_once(steps):
    clock = Clock()

    def channel(name):
        made = Channel(name, MemoryStore(MemoryLog(), now=clock.seconds), clock=clock, now=clock.seconds)
        made.open()
        return made

    dead, orders = channel("dead"), channel("orders")
    box, waiting, back = DeadLetterBox(dead), [], []
    for what, number in steps:
        if what == "bury":
            dead.publish([Entry(b"%d" % (dead.last + 1))])
            waiting.append(dead.last)
        elif what == "list":
            assert [letter.seq for letter in result(box.listed(number, any_letter))] == waiting[:number]
        elif what == "drop":
            assert result(box.drop(lambda letter, n=number: letter.seq == n)) == (number in waiting)
            waiting = [seq for seq in waiting if seq != number]
        else:
            assert result(box.put_back(orders, lambda letter, n=number: letter.seq <= n)) == sum(
                seq <= number for seq in waiting
            )
            back += [seq for seq in waiting if seq <= number]
            waiting = [seq for seq in waiting if seq > number]
        assert result(box.count()) == len(waiting)
    assert [int(message.body) for message in orders.tail.after(0, 1000)] == back
