"""What is counted, measured and told of the messages of WebSockets."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from websockets.frames import BINARY, PING, TEXT, Frame

from protocols.handlers import FunctionHandler


def frame(opcode, data=b""):
    return Frame(opcode, data).serialize(mask=True)


@pytest.fixture
def call(talk, clock, journal):
    """A browser that talks to a function."""
    handlers = []

    def call(function):
        handlers.append(FunctionHandler(function, reactor=clock, run="loop", latency=journal.latency))
        return talk(handlers[-1])

    yield call
    for handler in handlers:
        handler.stop()


def test_messages_and_bytes(call, journal):
    def shout(message: str) -> str:
        return message.upper()

    browser = call(shout)
    before = journal.counts.bytes_in, journal.counts.bytes_out
    browser.send(frame(TEXT, b"ab"), frame(PING, b"p"), frame(TEXT, b"c"))
    assert journal.counts.messages == 2
    assert journal.counts.bytes_in - before[0] == 8 + 7 + 7
    assert journal.counts.bytes_out - before[1] == len(browser.wire.value()) == 4 + 3 + 3


def test_answers_are_measured(call, journal, clock):
    def slow(message: bytes) -> bytes:
        clock.advance(0.25)
        return message

    latency = journal.latency
    browser = call(slow)
    before = latency.total
    browser.send(frame(BINARY, b"a"), frame(BINARY, b"b"))
    assert latency.total - before == 0.5


def test_answers_that_come_later_too(call, journal, clock):
    later = Deferred()

    async def wait(message: bytes):
        return await later

    browser = call(wait)
    before = journal.latency.total
    browser.send(frame(BINARY, b"a"))
    clock.advance(2)
    later.callback(b"b")
    assert journal.latency.total - before == 2


def test_who_watches_sees_messages_and_no_control_frames(call, journal):
    def shout(message: str) -> str:
        return message.upper()

    browser = call(shout)
    heard = []
    stop = journal.tap.watch(heard.append)
    browser.send(frame(PING, b"p"), frame(TEXT, b"ab"))
    stop()
    browser.send(frame(TEXT, b"c"))
    assert [(one.direction, one.content, one.peer.transport) for one in heard] == [
        ("in", b"ab", "ws"),
        ("out", b"AB", "ws"),
    ]
    assert heard[1].took is not None
