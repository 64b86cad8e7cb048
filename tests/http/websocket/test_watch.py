from __future__ import annotations

import struct

import pytest
from websockets.frames import BINARY, CLOSE, PING, PONG, TEXT, Frame, Opcode


def frame(opcode: Opcode, data: bytes = b"", fin: bool = True) -> bytes:
    """One frame, as a client sends it."""
    return Frame(opcode, data, fin).serialize(mask=True)


def close(code: int, reason: str = "") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason.encode())


def echo(channel, messages, text):
    for message in messages:
        (channel.send_text if text else channel.send_binary)(message)


class TestTime:
    def test_a_silent_peer_is_asked_and_then_left(self, listen, clock):
        browser = listen(ping=20, pong_timeout=15)
        clock.advance(19.9)
        assert browser.frames() == []
        clock.advance(0.2)
        assert browser.frames() == [(PING, b"")]
        clock.advance(14.8)
        assert browser.closed_with is None
        clock.advance(0.2)
        assert browser.closed_with == 1011
        assert browser.wire.half_closed
        browser.leave()
        assert isinstance(browser.listener.end[2], TimeoutError)

    @pytest.mark.parametrize(
        "sign",
        [frame(PONG), frame(TEXT, b"a"), frame(BINARY, bytes(50))[:7]],
        ids=["a pong", "a message", "half a message"],
    )
    def test_any_sign_of_life_will_do(self, listen, clock, sign):
        browser = listen(ping=20, pong_timeout=15)
        clock.advance(20)
        assert browser.frames() == [(PING, b"")]
        clock.advance(14)
        browser.send(sign)
        clock.advance(19)
        assert browser.frames() == []
        clock.advance(1)
        assert browser.frames() == [(PING, b"")]

    def test_a_peer_that_talks_is_not_asked(self, listen, clock):
        browser = listen(ping=20)
        for _ in range(10):
            clock.advance(15)
            browser.send(frame(TEXT, b"a"))
        assert browser.frames() == []

    def test_a_peer_that_is_not_read_from_is_not_judged(self, listen, clock):
        browser = listen(ping=20, pong_timeout=10)
        clock.advance(20)
        browser.listener.channel.pause()
        clock.pump([10] * 30)
        browser.listener.channel.resume()
        assert browser.frames() == [(PING, b"")]
        clock.advance(19)
        assert browser.frames() == []
        clock.advance(1)
        assert browser.frames() == [(PING, b"")]

    def test_a_peer_that_does_not_read_is_dropped(self, listen, clock, journal):
        browser = listen(echo, idle=60, ping=20)
        browser.wire.producer.pauseProducing()
        clock.pump([10] * 5)
        assert not browser.client.closed
        clock.advance(10)
        assert browser.wire.aborted

    def test_silence_without_pings(self, listen, clock):
        browser = listen(ping=0, idle=60)
        clock.advance(50)
        browser.send(frame(PONG))
        clock.advance(59)
        browser.listener.channel.send_text(b"news")
        clock.advance(59)
        assert browser.texts() == ["news"]
        clock.advance(1)
        assert browser.closed_with == 1001

    def test_an_answer_being_made_is_no_silence(self, listen, clock):
        browser = listen(ping=0, idle=60)
        browser.listener.busy = True
        clock.pump([60] * 3)
        assert browser.closed_with is None
        browser.listener.busy = False
        clock.advance(60)
        assert browser.closed_with == 1001

    def test_for_ever(self, listen, clock):
        browser = listen(ping=0, idle=0)
        clock.advance(1e6)
        assert browser.closed_with is None

    def test_no_timer_is_left(self, listen, clock):
        browser = listen()
        browser.send(close(1000))
        browser.leave()
        assert clock.getDelayedCalls() == []
