"""An open WebSocket in memory: what is delivered, how it ends, and what may take how long."""

from __future__ import annotations

import struct

import pytest
from twisted.internet.testing import StringTransport
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


class TestOutput:
    def test_a_listener_that_goes_on_to_a_client_that_does_not_read_loses_it(self, listen, journal):
        browser = listen(output=100)
        channel = browser.listener.channel
        browser.wire.producer.pauseProducing()
        channel.send_text(b"x" * 1000)  # one message is as long as it is
        assert not browser.wire.aborted
        channel.send_text(b"y")
        assert browser.wire.aborted
        assert journal.counts.choked == 1

    def test_what_the_client_has_read_counts_no_more(self, listen):
        browser = listen(output=100)
        producer = browser.wire.producer
        for _ in range(10):
            producer.pauseProducing()
            browser.listener.channel.send_text(b"x" * 90)
            producer.resumeProducing()
            browser.listener.channel.send_text(b"x" * 90)
        assert not browser.wire.aborted


class TestPace:
    def test_a_message_that_trickles_is_given_up(self, listen, clock, journal):
        browser = listen(echo, message_time=60)
        slow = frame(TEXT, b"x" * 100)
        sent = 0
        while browser.closed_with is None:
            browser.send(slow[sent : sent + 1])
            sent += 1
            clock.advance(1)
        assert browser.closed_with == 1008
        # The clock may begin with what stands behind the header of the frame.
        assert 60 < sent <= 70
        assert journal.counts.framing_errors == 1

    def test_fragments_of_one_are_one(self, listen, clock):
        browser = listen(echo, message_time=60)
        browser.send(frame(TEXT, b"a", fin=False))
        clock.advance(70)
        browser.send(frame(CONT, b"b", fin=False))
        assert browser.closed_with == 1008

    def test_each_message_has_its_own_time(self, listen, clock):
        browser = listen(echo, message_time=60)
        for _ in range(5):
            whole = frame(TEXT, b"abc")
            browser.send(whole[:4])
            clock.advance(15)
            browser.send(whole[4:] + whole[:2])
            clock.advance(15)
            browser.send(whole[2:])
        assert browser.closed_with is None


def test_messages_are_counted_where_somebody_wants_to_know(listen, monkeypatch):
    counts = []
    monkeypatch.setattr(StringTransport, "count_messages", counts.append, raising=False)
    browser = listen(echo)
    counts.clear()  # the request that became a WebSocket
    browser.send(*(frame(TEXT, b"%d" % number) for number in range(6)))
    assert sum(counts) == 6
