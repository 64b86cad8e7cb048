"""Transports that write at once, over a socket whose kernel does what the test says: how they end."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

PLENTY = 10**9
"""More bytes than any test writes."""


def test_an_end_is_clean(connection):
    connection.read(b"")
    assert connection.end is ConnectionDone


def test_an_end_is_not_clean_if_a_write_has_met_an_error(connection):
    connection.socket.send_errors.append(ConnectionResetError(errno.ECONNRESET, "reset"))
    connection.transport.write(b"x")
    assert connection.protocol.lost == []
    connection.read(b"")
    assert connection.end is ConnectionLost


def test_an_error_is_also_met_by_the_next_write(connection):
    error = BrokenPipeError(errno.EPIPE, "gone")
    connection.socket.send_errors.extend([error, error])
    connection.read(b"?", lambda transport: transport.write(b"x"))
    assert connection.protocol.lost == []
    connection.drain()
    assert connection.end is ConnectionLost


def test_errors_of_reads(connection):
    connection.read(BlockingIOError(errno.EAGAIN, "nothing"))
    assert connection.protocol.lost == []
    connection.read(ConnectionResetError(errno.ECONNRESET, "reset"))
    assert connection.end is ConnectionLost


@pytest.mark.parametrize("during_read", [True, False])
def test_nothing_is_sent_after_an_abort(connection, during_read):
    def abort(transport: Any) -> None:
        if during_read:
            transport.write(b"lost")
        transport.abortConnection()
        transport.write(b"lost too")

    if during_read:
        connection.read(b"?", abort)
    else:
        abort(connection.transport)
    connection.transport.doWrite()
    connection.reactor.advance(0)
    assert connection.sent == b""
    assert connection.end is ConnectionAborted
    assert connection.socket.events == [(socket.SOL_SOCKET, socket.SO_LINGER), "close"]
    assert connection.reactor.writers == set()


def say_goodbye(transport: Any) -> None:
    transport.write(b"hello ")
    transport.loseConnection()
    transport.write(b"world")


@pytest.mark.parametrize("room", [PLENTY, 3, 0])
@pytest.mark.parametrize("during_read", [True, False])
def test_losing_the_connection_delivers_what_was_written(connection, room, during_read):
    connection.socket.room = room
    if during_read:
        connection.read(b"?", say_goodbye)
    else:
        say_goodbye(connection.transport)
    if room < len(b"hello world"):
        assert connection.protocol.lost == []
        assert connection.transport not in connection.reactor.readers
    connection.drain(room or PLENTY)
    assert connection.sent == b"hello world"
    assert connection.end is ConnectionDone
    assert connection.reactor.readers == connection.reactor.writers == set()


def test_a_connection_lost_during_a_read_is_over_with_it(connection):
    def answer(transport: Any) -> None:
        say_goodbye(transport)
        assert connection.protocol.lost == []

    connection.read(b"?", answer)
    assert connection.socket.sent == [b"hello world"]
    assert connection.end is ConnectionDone


@pytest.mark.parametrize("during_read", [True, False])
def test_half_closing_sends_what_was_written_first(connection, during_read):
    def answer(transport: Any) -> None:
        connection.socket.room = 2
        transport.write(b"hello")
        transport.loseWriteConnection()
        assert connection.socket.events == []

    if during_read:
        connection.read(b"?", answer)
    else:
        answer(connection.transport)
    connection.drain(room=2)
    assert connection.sent == b"hello"
    assert connection.socket.events == [("shutdown", socket.SHUT_WR)]
    # Nothing more leaves, and what comes is still heard.
    connection.read(b"!", lambda transport: transport.write(b"late"))
    assert (connection.protocol.data[-1], connection.sent) == (b"!", b"hello")
    assert connection.protocol.lost == []


@pytest.fixture
def half_closeable(connect, recorder):
    """A connection whose protocol goes on when its peer has half-closed."""

    @implementer(IHalfCloseableProtocol)
    class HalfCloseable(recorder):
        def readConnectionLost(self) -> None:
            self.data.append(b"<end>")
            self.on_data(self.transport)

        def writeConnectionLost(self) -> None:
            self.data.append(b"<write end>")

    return connect(HalfCloseable())


def test_answers_leave_after_the_peer_has_half_closed(half_closeable):
    half_closeable.read(b"", lambda transport: transport.write(b"still "))
    half_closeable.transport.write(b"here")
    assert half_closeable.protocol.data == [b"<end>"]
    assert half_closeable.sent == b"still here"
    assert half_closeable.protocol.lost == []
    half_closeable.transport.loseConnection()
    half_closeable.drain()
    assert half_closeable.end is ConnectionDone


def test_what_the_end_of_reading_is_answered_with_leaves_before_the_connection_ends(half_closeable):
    half_closeable.socket.room = 3
    half_closeable.read(b"", say_goodbye)
    assert half_closeable.protocol.lost == []
    half_closeable.drain()
    assert half_closeable.sent == b"hello world"
    assert half_closeable.end is ConnectionDone


def test_half_closing_both_ways(half_closeable):
    half_closeable.transport.loseWriteConnection()
    half_closeable.drain()
    assert half_closeable.protocol.data == [b"<write end>"]
    half_closeable.read(b"", lambda transport: transport.loseConnection())
    assert half_closeable.end is ConnectionDone


def test_an_exception_of_the_protocol_ends_the_connection(connection, failures):
    def answer(transport: Any) -> None:
        transport.write(b"never sent")
        raise ZeroDivisionError

    connection.read(b"?", answer)
    assert connection.sent == b""
    assert connection.end is ZeroDivisionError


def test_writes_after_the_end_are_ignored(connection):
    def lose(transport: Any) -> None:
        transport.write(b"x")
        transport.connectionLost(Failure(ConnectionDone()))
        transport.write(b"y")

    connection.read(b"?", lose)
    connection.transport.write(b"z")
    assert connection.sent == b""
    assert connection.end is ConnectionDone
