"""An open WebSocket in memory: what is delivered, how it ends, and what may take how long."""

from __future__ import annotations

import struct
import zlib

import pytest
from twisted.internet.error import ConnectionDone, ConnectionLost
from websockets.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Frame, Opcode

from protocols.http.websocket.messages import WebSocketError


def frame(opcode: Opcode, data: bytes = b"", fin: bool = True) -> bytes:
    """One frame, as a client sends it."""
    return Frame(opcode, data, fin).serialize(mask=True)


def close(code: int, reason: str = "") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason.encode())


def echo(channel, messages, text):
    for message in messages:
        (channel.send_text if text else channel.send_binary)(message)


class TestMessages:
    def test_kinds_are_kept_and_runs_come_together(self, listen):
        browser = listen(echo)
        browser.send(*(frame(TEXT, b"%d" % n) for n in range(6)), frame(BINARY, b"\xff"), frame(TEXT, b"x"))
        assert browser.listener.heard == [["0", "1", "2", "3"], ["4", "5"], [b"\xff"], ["x"]]
        kinds = [opcode for opcode, _ in browser.frames()]
        assert kinds == [TEXT] * 6 + [BINARY, TEXT]

    def test_answers_to_one_read_are_one_write(self, listen):
        browser = listen(echo)
        writes = []
        browser.wire.write = writes.append
        browser.send(frame(TEXT, b"a"), frame(PING, b"p"), frame(TEXT, b"b"))
        assert writes == [b"\x81\x01a\x8a\x01p\x81\x01b"]

    def test_a_long_answer_does_not_wait(self, listen):
        def long(channel, messages, text):
            for _ in messages:
                channel.send_binary(bytes(70_000))
            assert len(browser.wire.value()) > 70_000

        browser = listen(long)
        browser.send(frame(TEXT, b"a"))
        assert browser.listener.end is None

    def test_what_comes_with_the_handshake(self, listen):
        browser = listen(echo, behind=frame(TEXT, b"early"))
        assert browser.texts() == ["early"]

    def test_byte_by_byte(self, listen):
        browser = listen(echo)
        for byte in frame(TEXT, b"slow", fin=False) + frame(CONT, b"ly"):
            browser.send(bytes([byte]))
        assert browser.texts() == ["slowly"]

    def test_pings_are_answered_and_pongs_are_not(self, listen):
        browser = listen()
        browser.send(frame(PING, b"one"), frame(PONG, b"two"), frame(PING))
        assert browser.frames() == [(PONG, b"one"), (PONG, b"")]

    def test_sent_later(self, listen):
        browser = listen()
        browser.listener.channel.send_text(b"news")
        assert browser.texts() == ["news"]


class TestPausing:
    def test_nothing_is_delivered(self, listen):
        browser = listen(lambda channel, messages, text: channel.pause())
        browser.send(*[frame(TEXT, b"a"), frame(BINARY, b"b"), frame(TEXT, b"c")])
        browser.send(frame(TEXT, b"d"))
        assert browser.listener.heard == [["a"]]
        assert browser.wire.producerState == "paused"
        browser.listener.channel.resume()
        assert browser.listener.heard == [["a"], [b"b"]]
        browser.listener.answer = None
        browser.listener.channel.resume()
        assert browser.listener.heard == [["a"], [b"b"], ["c"], ["d"]]
        assert browser.wire.producerState == "producing"

    def test_resuming_at_once(self, listen):
        def answer(channel, messages, text):
            channel.pause()
            channel.resume()

        browser = listen(answer)
        browser.send(*(frame(TEXT, b"%d" % n) for n in range(9)))
        assert [message for run in browser.listener.heard for message in run] == [str(n) for n in range(9)]

    def test_a_peer_that_does_not_read_is_not_read_from(self, listen):
        browser = listen(echo)
        browser.wire.room = 1000
        browser.send(*[frame(TEXT, bytes(900).replace(b"\0", b"a"))] * 2, frame(PING, b"p"))
        browser.send(frame(TEXT, b"later"))
        assert browser.listener.heard[-1] == "pause"
        assert browser.wire.producerState == "paused"
        browser.wire.room = None
        browser.wire.clear()
        browser.wire.producer.resumeProducing()
        assert browser.texts() == ["later"]
        assert "resume" in browser.listener.heard
        assert browser.wire.producerState == "producing"

    def test_a_flood_of_pings_makes_no_more_than_it_is_long(self, listen):
        browser = listen()
        browser.wire.room = 1000
        browser.send(frame(PING, b"p" * 100) * 600)
        assert len(browser.wire.value()) < 64 * 1024
        before = len(browser.wire.value())
        browser.send(frame(PING, b"p" * 100) * 600)
        assert len(browser.wire.value()) == before
        assert browser.wire.producerState == "paused"

    def test_the_http_connection_does_not_wake_it(self, listen):
        browser = listen(lambda channel, messages, text: channel.pause(), behind=frame(TEXT, b"a"))
        browser.wire.resumeProducing()
        browser.send(frame(TEXT, b"b"))
        assert browser.wire.producerState == "paused"
        assert browser.listener.heard == [["a"]]


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


class TestFaults:
    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            (frame(CONT, b"x"), 1002),
            (b"\x81\x01a", 1002),
            (frame(TEXT, b"\xff"), 1007),
            (frame(BINARY, bytes(101)), 1009),
            (frame(CLOSE, b"\x03"), 1002),
        ],
        ids=["nothing to go on with", "unmasked", "no UTF-8", "too long", "half a code"],
    )
    def test_the_peer_is_told_after_its_answers(self, listen, journal, wrong, code):
        browser = listen(echo, limit=100)
        browser.send(frame(TEXT, b"a"), wrong, frame(TEXT, b"b"))
        (first, second) = browser.frames()
        assert first == (TEXT, b"a")
        assert second[0] is CLOSE
        assert struct.unpack("!H", second[1][:2]) == (code,)
        assert browser.wire.half_closed
        assert journal.counts.framing_errors == 1
        browser.send(frame(TEXT, b"c"))
        browser.leave()
        assert browser.listener.heard == [["a"]]
        assert browser.listener.end[0] == code
        assert isinstance(browser.listener.end[2], WebSocketError)

    def test_while_our_close_is_waited_for(self, listen):
        browser = listen()
        browser.listener.channel.close()
        browser.send(frame(CONT, b"x"))
        assert browser.wire.half_closed
        assert browser.frames() == [(CLOSE, b"\x03\xe8")]

    def test_a_listener_that_fails(self, listen, journal, failures):
        def fail(channel, messages, text):
            channel.send_text(b"before")
            raise RuntimeError("broken")

        browser = listen(fail)
        browser.send(frame(TEXT, b"a"), frame(TEXT, b"b"))
        assert browser.frames() == [(TEXT, b"before"), (CLOSE, struct.pack("!H", 1011))]
        assert journal.counts.failures == 1
        assert len(failures) == 1
        browser.send(close(1011))
        browser.leave()
        assert str(browser.listener.end[2]) == "broken"

    @pytest.mark.parametrize("hook", ["ended", "pause_writing", "resume_writing"])
    def test_wherever_it_does(self, listen, journal, failures, hook):
        browser = listen(echo)

        def fail(*arguments):
            raise RuntimeError("broken")

        setattr(browser.listener, hook, fail)
        producer = browser.wire.producer
        if hook == "ended":
            browser.send(close(1000))
        else:
            producer.pauseProducing()
            producer.resumeProducing()
        assert browser.closed_with == (1000 if hook == "ended" else 1011)
        assert journal.counts.failures == 1

    def test_at_the_last(self, listen, journal, failures):
        browser = listen()
        browser.listener.closed = lambda *arguments: 1 / 0
        browser.leave()
        assert journal.counts.failures == 1


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


class TestCompression:
    def test_12_both_ways_with_what_came_before(self, listen):
        browser = listen(echo, deflate=True)
        text = b'{"price": 12.5, "item": "tea"}'
        sizes = []
        for _ in range(3):
            data = browser.compressed(TEXT, text)
            browser.send(data)
            sizes.append(len(browser.wire.value()))
            assert browser.texts() == [text.decode()]
        assert sizes[1] < sizes[0]

    @pytest.mark.parametrize("size", [0, 1, 64, 256, 5_000, 131_072])
    def test_12_sizes(self, listen, size):
        browser = listen(echo, deflate=True)
        data = bytes(n * n % 251 for n in range(size))
        browser.send(browser.compressed(BINARY, data))
        assert browser.frames() == [(BINARY, data)]

    def test_messages_may_come_as_they_are(self, listen):
        browser = listen(echo, deflate=True)
        browser.send(frame(TEXT, b"plain"), frame(PING, b"p"))
        assert browser.frames() == [(TEXT, b"plain"), (PONG, b"p")]

    def test_text_is_checked_behind_it(self, listen):
        browser = listen(echo, deflate=True)
        browser.send(browser.compressed(TEXT, b"\xff"))
        assert browser.closed_with == 1007

    def test_what_is_not_compressed_is_no_crash(self, listen):
        browser = listen(echo, deflate=True)
        browser.send(b"\xc1\x83" + bytes(4) + b"\xff\xff\xff")  # with the bit that says it is
        assert browser.closed_with == 1002

    @pytest.mark.parametrize("cut", [0, 300])
    def test_a_bomb_does_not_go_off(self, listen, cut):
        browser = listen(deflate=True, limit=100_000)
        bomb = browser.compressed(BINARY, bytes(50_000_000))
        assert len(bomb) < 100_000
        browser.send(bomb[:cut], bomb[cut:])
        assert browser.closed_with == 1009
        assert browser.listener.heard == []

    def test_many_small_ones_are_not_all_unpacked_before_the_first_is_answered(self, listen):
        browser = listen(lambda channel, messages, text: channel.pause(), deflate=True)
        one = browser.compressed(BINARY, bytes(1_000_000))
        browser.send(*[browser.compressed(BINARY, bytes(1_000_000)) for _ in range(50)])
        assert len(one) < 2000
        held = sum(len(data) for _, data in _waiting(browser))
        assert held < 8_000_000


def _waiting(browser):
    return browser.client.connection._tunnel.protocol._waiting


def test_zlib_is_what_it_was():
    # The bound of a piece rests on it: deflate makes 1032 bytes of one, at most.
    assert len(zlib.compress(bytes(1_000_000))) > 1_000_000 / 1032
