from __future__ import annotations

import struct

import pytest
from twisted.internet.error import ConnectionDone, ConnectionLost
from websockets.frames import CLOSE, PING, TEXT, Frame, Opcode


def frame(opcode: Opcode, data: bytes = b"", fin: bool = True) -> bytes:
    """One frame, as a client sends it."""
    return Frame(opcode, data, fin).serialize(mask=True)


def close(code: int, reason: str = "") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason.encode())


def echo(channel, messages, text):
    for message in messages:
        (channel.send_text if text else channel.send_binary)(message)


class TestClosing:
    @pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x0f\xa0bye", b"\x03\xe9" + b"x" * 123])
    def test_the_peer_begins(self, listen, payload):
        browser = listen()
        browser.send(frame(CLOSE, payload))
        assert browser.frames() == [(CLOSE, payload)]
        assert browser.wire.half_closed
        assert browser.wire.producer is None
        browser.leave()
        code = struct.unpack("!H", payload[:2])[0] if payload else 1005
        assert browser.listener.end == (code, payload[2:].decode(), None)

    def test_what_came_before_is_answered_first(self, listen):
        browser = listen(echo)
        browser.send(frame(TEXT, b"a"), close(1000), frame(TEXT, b"late"))
        assert browser.frames() == [(TEXT, b"a"), (CLOSE, b"\x03\xe8")]
        assert browser.listener.heard == [["a"], ("ended", 1000, "")]

    def test_answers_may_take_a_moment(self, listen):
        browser = listen()
        browser.listener.closes = False
        browser.send(frame(TEXT, b"a"), close(4000, "bye"))
        assert browser.frames() == []
        browser.listener.channel.send_text(b"A")
        browser.listener.channel.close()
        assert browser.frames() == [(TEXT, b"A"), (CLOSE, b"\x0f\xa0bye")]
        browser.listener.channel.send_text(b"late")
        assert browser.frames() == []

    def test_but_no_longer(self, listen, clock):
        browser = listen(close_timeout=10)
        browser.listener.closes = False
        browser.send(close(1000))
        clock.advance(9.9)
        assert browser.closed_with is None
        clock.advance(0.2)
        assert browser.closed_with == 1000
        assert browser.wire.half_closed

    def test_we_begin(self, listen):
        browser = listen(echo)
        browser.listener.channel.close(4001, "enough")
        assert browser.frames() == [(CLOSE, b"\x0f\xa1enough")]
        browser.send(frame(TEXT, b"crossing"), frame(PING))
        assert not browser.client.closed
        browser.send(close(4001, "enough"))
        assert browser.wire.half_closed
        assert browser.frames() == []
        assert browser.listener.heard == []
        browser.leave()
        assert browser.listener.end == (4001, "enough", None)

    def test_the_peer_never_answers(self, listen, clock):
        browser = listen(close_timeout=10)
        browser.listener.channel.close()
        clock.advance(9.9)
        assert not browser.client.closed
        clock.advance(0.2)
        assert browser.wire.half_closed
        browser.client.connection.writeConnectionLost()
        clock.advance(2.1)
        assert browser.wire.disconnecting
        browser.leave()
        assert browser.listener.end[0] == 1000
        assert isinstance(browser.listener.end[2], ConnectionDone)

    def test_closing_inside_a_message_drops_the_rest(self, listen):
        browser = listen(lambda channel, messages, text: channel.close())
        browser.listener.batch = 1
        browser.send(frame(TEXT, b"a"), frame(TEXT, b"b"), close(1000))
        assert browser.listener.heard == [["a"]]
        assert browser.frames() == [(CLOSE, b"\x03\xe8")]
        assert browser.wire.half_closed

    def test_closing_while_paused_still_hears_the_close(self, listen):
        browser = listen()
        channel = browser.listener.channel
        channel.pause()
        channel.close()
        assert browser.wire.producerState == "producing"
        browser.send(close(1000))
        assert browser.wire.half_closed

    def test_the_end_is_not_told_while_paused(self, listen):
        browser = listen()
        browser.listener.channel.pause()
        browser.send(close(1000))
        assert browser.listener.heard == []
        browser.listener.channel.resume()
        assert browser.listener.heard == [("ended", 1000, "")]

    def test_both_at_once(self, listen):
        browser = listen()
        browser.listener.channel.close()
        browser.listener.channel.close(4000)
        browser.send(close(1001))
        assert browser.frames() == [(CLOSE, b"\x03\xe8")]
        assert browser.wire.half_closed

    @pytest.mark.parametrize(
        ("code", "reason"), [(1005, ""), (1006, ""), (999, ""), (5000, ""), (1000, "ä" * 62)]
    )
    def test_what_may_not_be_said(self, listen, code, reason):
        browser = listen()
        with pytest.raises(ValueError, match=r"Close|close code"):
            browser.listener.channel.close(code, reason)
        assert browser.frames() == []

    @pytest.mark.parametrize("reason", [ConnectionDone, ConnectionLost])
    def test_the_connection_goes_away(self, listen, reason):
        browser = listen()
        browser.client.leave(reason)
        code, text, error = browser.listener.end
        assert (code, text, type(error)) == (1006, "", reason)

    def test_the_peer_shuts_down_its_side_without_a_close(self, listen):
        browser = listen(echo)
        browser.send(frame(TEXT, b"a"))
        browser.client.connection.readConnectionLost()
        assert browser.wire.disconnecting
        browser.leave()
        assert browser.listener.end[0] == 1006

    def test_the_peer_shuts_down_its_side_behind_its_close(self, listen):
        browser = listen()
        browser.listener.closes = False
        browser.send(close(1000))
        browser.client.connection.readConnectionLost()
        assert not browser.wire.disconnecting
        browser.listener.channel.send_text(b"last")
        browser.listener.channel.close()
        assert browser.frames() == [(TEXT, b"last"), (CLOSE, b"\x03\xe8")]
        assert browser.wire.disconnecting

    def test_nothing_is_done_to_a_connection_that_is_gone(self, listen):
        browser = listen()
        channel = browser.listener.channel
        channel.pause()
        browser.leave()
        browser.wire.resumeProducing = browser.wire.write = None
        channel.resume()
        channel.send_text(b"late")
        channel.close()
        assert browser.listener.end[0] == 1006

    def test_aborted(self, listen):
        browser = listen()
        browser.listener.channel.abort()
        assert browser.wire.aborted


class TestDraining:
    def test_answers_first(self, listen):
        browser = listen(echo)
        browser.listener.closes = False
        browser.client.factory.drain()
        assert browser.listener.heard == [("ended", 1001, "")]
        browser.send(frame(TEXT, b"late"))
        browser.listener.channel.send_text(b"last")
        browser.listener.channel.close()
        assert browser.frames() == [(TEXT, b"last"), (CLOSE, b"\x03\xe9")]
        browser.send(close(1001))
        assert browser.wire.half_closed

    def test_a_message_that_is_half_here_may_arrive(self, listen):
        browser = listen(echo)
        data = frame(TEXT, b"whole")
        browser.send(data[:5])
        gone = browser.client.factory.drain()
        assert browser.listener.heard == []
        browser.send(data[5:])
        assert browser.frames() == [(TEXT, b"whole"), (CLOSE, b"\x03\xe9")]
        browser.send(close(1001))
        browser.leave()
        assert gone.called

    def test_what_is_held_back_is_delivered_first(self, listen):
        browser = listen(echo)
        browser.listener.channel.pause()
        browser.send(frame(TEXT, b"held"))
        browser.client.factory.drain()
        assert browser.frames() == []
        browser.listener.channel.resume()
        assert browser.frames() == [(TEXT, b"held"), (CLOSE, b"\x03\xe9")]
