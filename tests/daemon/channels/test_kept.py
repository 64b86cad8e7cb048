"""A channel is open as long as anything needs it, and no longer."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from protocols.channels.errors import UnavailableError
from protocols.daemon.channels.kept import CLOSING, Kept, OpenError


class FakeChannel:
    def __init__(self, opening=None, closing=None) -> None:
        self.name = "readings"
        self.clock = Clock()
        self.calls: list[str] = []
        self._opening = opening
        self._closing = closing

    def open(self):
        self.calls.append("open")
        return self._opening or succeed(None)

    def close(self):
        self.calls.append("close")
        return self._closing or succeed(None)


@pytest.fixture
def channel():
    return FakeChannel()


@pytest.fixture
def kept(channel):
    return Kept(SimpleNamespace(), channel)


def test_it_is_opened_once(kept, channel):
    kept.open()
    kept.open()
    assert channel.calls == ["open"]
    assert kept.is_open


def test_what_is_listed_stays_open_without_users(kept, channel):
    kept.open()
    kept.is_listed = True
    kept.lease()()
    assert channel.calls == ["open"]


def test_the_last_user_closes_what_is_listed_no_more(kept, channel):
    kept.open()
    kept.is_listed = True
    releases = [kept.lease(), kept.lease()]
    assert kept.unlist() is None
    releases[0]()
    releases[0]()  # once more says nothing
    assert channel.calls == ["open"]
    assert releases[1]().called
    assert channel.calls == ["open", "close"]
    assert not kept.is_open


def test_without_users_it_is_closed_at_once(kept, channel):
    kept.open()
    kept.is_listed = True
    assert kept.unlist().called
    assert channel.calls == ["open", "close"]


def test_what_was_never_opened_is_not_closed(kept, channel):
    kept.lease()()
    assert kept.close().called
    assert channel.calls == []


def test_those_of_its_dead_letters_are_there_as_long_as_it_is():
    letters, first = FakeChannel(), FakeChannel()
    dead = Kept(SimpleNamespace(), letters)
    one = Kept(SimpleNamespace(), first, [dead])
    dead.open()
    one.open()
    dead.unlist()
    assert letters.calls == ["open"]
    one.unlist()
    assert first.calls == ["open", "close"]
    assert letters.calls == ["open", "close"]


def test_why_it_cannot_be_opened_names_it(failures):
    kept = Kept(SimpleNamespace(), FakeChannel(fail(UnavailableError("the disk is full"))))
    found = []
    kept.open().addErrback(lambda failure: found.append(failure.value))
    assert isinstance(found[0], OpenError)
    assert str(found[0]) == "channel readings: the disk is full"
    assert not kept.is_open


def test_a_store_that_hangs_is_not_waited_for_for_ever(failures):
    channel = FakeChannel(closing=Deferred())
    kept = Kept(SimpleNamespace(), channel)
    kept.open()
    closed = kept.close()
    assert not closed.called
    channel.clock.advance(CLOSING)
    assert closed.called
    assert "could not be closed" in failures.events.pop()["log_format"]
    assert channel.clock.calls == []


def test_a_store_that_hangs_is_not_told_to_stop_and_may_end_yet(failures):
    cancelled = []
    closing = Deferred(cancelled.append)
    kept = Kept(SimpleNamespace(), channel := FakeChannel(closing=closing))
    kept.open()
    kept.close()
    channel.clock.advance(CLOSING)
    closing.errback(UnavailableError("the disk is full"))
    assert cancelled == []
    assert len(failures.events) == 1, "said once"
    failures.events.clear()


def test_whoever_asks_again_waits_for_the_same_end():
    closing = Deferred()
    kept = Kept(SimpleNamespace(), channel := FakeChannel(closing=closing))
    kept.open()
    ends = [kept.close(), kept.close(), kept.unlist()]
    assert [end.called for end in ends] == [False] * 3
    assert not kept.is_over
    closing.callback(None)
    assert [end.called for end in ends] == [True] * 3
    assert kept.is_over
    assert channel.calls == ["open", "close"]
    assert channel.clock.calls == []


@pytest.mark.parametrize("hangs", [False, True])
def test_those_of_its_dead_letters_are_there_until_it_is_closed(hangs, failures):
    letters, first = FakeChannel(), FakeChannel(closing=(closing := Deferred()))
    dead = Kept(SimpleNamespace(), letters)
    one = Kept(SimpleNamespace(), first, [dead])
    dead.open()
    one.open()
    dead.unlist()
    one.unlist()
    assert letters.calls == ["open"]
    if hangs:
        first.clock.advance(CLOSING)
        failures.events.clear()
    else:
        closing.callback(None)
    assert letters.calls == ["open", "close"]
