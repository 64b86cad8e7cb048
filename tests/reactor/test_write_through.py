"""Transports that write at once, over a socket whose kernel does what the test says: what is written."""

from __future__ import annotations

import errno
from collections import deque
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone

from protocols.reactor.write_through import CORK_LIMIT

CHUNK = b"x" * 40_000
"""Two of these are more than :data:`CORK_LIMIT`."""


def test_what_is_written_during_a_read_leaves_together(connection):
    def answer(transport: Any) -> None:
        transport.write(b"a")
        transport.write(b"")
        transport.writeSequence([b"b", b"c"])

    connection.read(b"?", answer)
    assert connection.socket.sent == [b"abc"]
    connection.read(b"?", answer)
    assert connection.socket.sent == [b"abc"] * 2
    assert not connection.writing


def test_what_is_written_between_reads_leaves_at_once(connection):
    connection.transport.write(b"a")
    connection.transport.write(b"")
    connection.transport.writeSequence([b"b", b"c"])
    assert connection.socket.sent == [b"a", b"bc"]
    assert not connection.writing


def test_a_read_without_an_answer_sends_nothing(connection):
    connection.read(b"?")
    assert (connection.protocol.data, connection.socket.sent) == ([b"?"], [])


def test_a_full_kernel_gets_the_rest_in_order_when_it_has_room(connection):
    connection.socket.room = 2
    connection.transport.write(b"abc")
    connection.transport.write(b"def")
    assert connection.writing
    # What a read answers is behind what waits.
    connection.read(b"?", lambda transport: transport.write(b"ghi"))
    assert connection.sent == b"ab"
    connection.drain(room=2)
    assert connection.socket.sent == [b"ab", b"cd", b"ef", b"gh", b"i"]
    connection.transport.write(b"j")
    assert connection.socket.sent[-1] == b"j"


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOBUFS])
def test_a_kernel_without_any_room_loses_nothing(connection, number):
    connection.socket.send_errors.append(OSError(number, "full"))
    connection.read(b"?", lambda transport: transport.write(b"abc"))
    assert (connection.sent, connection.writing) == (b"", True)
    connection.drain()
    assert (connection.sent, connection.protocol.lost) == (b"abc", [])


class Producer:
    """Writes one chunk each time it is asked, and leaves after the last."""

    def __init__(self, transport: Any, chunks: list[bytes]) -> None:
        self.transport = transport
        self.chunks = deque(chunks)
        self.events: list[str] = []

    def resumeProducing(self) -> None:
        self.events.append("resume")
        if self.chunks:
            self.transport.write(self.chunks.popleft())
        else:
            self.transport.unregisterProducer()

    def pauseProducing(self) -> None:
        self.events.append("pause")

    def stopProducing(self) -> None:
        self.events.append("stop")


def test_more_than_the_limit_leaves_during_the_read(connection):
    def answer(transport: Any) -> None:
        transport.write(CHUNK)
        assert connection.socket.sent == []
        transport.write(CHUNK)
        assert connection.sent == CHUNK * 2
        transport.write(b"rest")

    assert len(CHUNK) <= CORK_LIMIT < 2 * len(CHUNK)
    connection.read(b"?", answer)
    assert connection.sent == CHUNK * 2 + b"rest"


def test_a_streaming_producer_is_paused_during_the_read_and_resumed_later(connection):
    producer = Producer(connection.transport, [])
    producer.chunks.append(b"more")
    connection.transport.registerProducer(producer, True)
    connection.socket.room = 100

    def answer(transport: Any) -> None:
        transport.write(CHUNK)
        assert producer.events == []
        transport.write(CHUNK)
        assert producer.events == ["pause"]

    connection.read(b"?", answer)
    assert len(connection.sent) == 100
    connection.drain(room=50_000)
    assert producer.events == ["pause", "resume"]
    assert connection.sent == CHUNK * 2 + b"more"


def test_a_producer_that_was_paused_for_what_has_left_at_once_is_resumed(connection):
    producer = Producer(connection.transport, [b"more"])
    connection.transport.registerProducer(producer, True)
    connection.transport.write(CHUNK * 2)
    assert connection.sent == CHUNK * 2
    assert producer.events == ["pause"]
    connection.drain()
    assert producer.events == ["pause", "resume"]
    assert connection.sent == CHUNK * 2 + b"more"


def test_a_pull_producer_is_asked_each_time_the_buffer_is_empty(connection):
    producer = Producer(connection.transport, [b"one", b"two", b"three"])
    connection.transport.registerProducer(producer, False)
    assert producer.events == ["resume"]
    connection.drain(room=2)
    assert producer.events == ["resume"] * 4
    assert connection.sent == b"onetwothree"


def test_a_pull_producer_is_registered_during_a_read_behind_what_was_written(connection):
    producer = Producer(connection.transport, [b"one", b"two"])

    def answer(transport: Any) -> None:
        transport.write(b"first ")
        transport.registerProducer(producer, False)

    connection.read(b"?", answer)
    connection.drain()
    assert connection.sent == b"first onetwo"


def test_a_pull_producer_that_has_nothing_at_first_is_asked_again(connection):
    producer = Producer(connection.transport, [b"", b"two"])
    connection.transport.write(b"one ")
    connection.transport.registerProducer(producer, False)
    connection.drain()
    assert connection.sent == b"one two"


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("during_read", [True, False])
def test_losing_the_connection_waits_for_a_producer(connection, streaming, during_read):
    producer = Producer(connection.transport, [b"produced"])

    def answer(transport: Any) -> None:
        transport.registerProducer(producer, streaming)
        transport.write(CHUNK * 2)
        transport.loseConnection()

    if during_read:
        connection.read(b"?", answer)
    else:
        answer(connection.transport)
    assert connection.protocol.lost == []
    connection.drain(room=30_000)
    if streaming:
        assert connection.protocol.lost == []
        connection.transport.unregisterProducer()
        connection.drain()
    assert sorted(connection.sent) == sorted(CHUNK * 2 + b"produced")
    assert connection.end is ConnectionDone


@pytest.mark.parametrize("bad", ["text", bytearray(b"x"), 1])
def test_only_bytes_are_written(connection, bad):
    with pytest.raises(TypeError):
        connection.transport.write(bad)
    with pytest.raises(TypeError):
        connection.transport.writeSequence([b"good", "text"])
    assert connection.sent == b""
