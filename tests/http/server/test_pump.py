from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from protocols.http import Source
from protocols.http.server.pump import Pump


class Said(Source):
    """What the test says, when it is read or later."""

    def __init__(self, *pieces, follows):
        self.follows = follows
        self.pieces = list(pieces)
        self.waiting = None
        self.closed = 0

    def read(self):
        assert self.waiting is None
        if self.pieces:
            return self.pieces.pop(0)
        self.waiting = Deferred()
        return self.waiting

    def say(self, piece):
        waiting, self.waiting = self.waiting, None
        waiting.callback(piece)

    def close(self):
        self.closed += 1


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pumped(clock):
    """Pump a source; what came of it, and the pump."""

    def pumped(source, write=None):
        came: list[object] = []
        pump = Pump(source, write=write or came.append, done=came.append, clock=clock, paused=False)
        pump.start()
        return came, pump

    return pumped


def test_a_piece_in_each_turn(pumped, clock):
    source = Said(b"a", b"b", follows=False)
    came, _ = pumped(source)
    assert came == [b"a"]
    clock.advance(0)
    assert came == [b"a", b"b"]
    source.say(b"c")
    assert (came[-1], source.waiting) == (b"c", None)
    clock.advance(0)
    source.say(None)
    assert (came[-1], source.closed) == (None, 1)


def test_what_comes_one_by_one_is_waited_for_at_once(pumped, clock):
    source = Said(follows=True)
    came, _ = pumped(source)
    source.say(b"a")
    source.say(b"b")
    assert (came, clock.getDelayedCalls()) == ([b"a", b"b"], [])
    source.say(None)
    assert (came[-1], source.closed) == (None, 1)


def test_what_is_there_already_is_put_off(pumped, clock):
    source = Said(follows=True)
    came, _ = pumped(source)
    source.pieces = [b"b", b"c"]
    source.say(b"a")
    assert came == [b"a", b"b"]
    clock.advance(0)
    assert came == [b"a", b"b", b"c"]


def test_a_consumer_that_is_full(pumped, clock):
    def write(piece):
        written.append(piece)
        pump.pauseProducing()

    written: list[bytes] = []
    source = Said(follows=True)
    _, pump = pumped(source, write)
    source.say(b"a")
    assert (written, source.waiting, clock.getDelayedCalls()) == ([b"a"], None, [])
    pump.resumeProducing()
    clock.advance(0)
    source.say(b"b")
    assert written == [b"a", b"b"]
    pump.stopProducing()
    assert source.closed == 1


def test_a_consumer_that_takes_no_more(pumped):
    def write(piece):
        raise ValueError("too long")

    source = Said(follows=True)
    came: list[object] = []
    pump = Pump(source, write=write, done=came.append, clock=Clock(), paused=False)
    pump.start()
    source.say(b"a")
    assert (type(came[0]), source.closed, source.waiting) == (ValueError, 1, None)
