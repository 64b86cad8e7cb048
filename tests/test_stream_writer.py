"""What is written reaches the peer in order, whether the kernel takes it at once or not."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import pytest
from twisted.internet import tcp
from twisted.internet.testing import StringTransport

from protocols.counts import Counts
from protocols.stream_writer import PIECE, StreamWriter


class Limit:
    """Notes when there is too much."""

    def __init__(self, output: int = 1_000_000, choked: list[int] | None = None) -> None:
        self.counts = Counts()
        self.output = output
        self._choked = choked

    def choked(self, transport: Any, unread: int) -> None:
        assert self._choked is not None, "too much"
        self._choked.append(unread)


class Server(tcp.Server):
    """Twisted's transport around one end of a socket pair, without a reactor."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self.buffered = b""

    def write(self, data: bytes) -> None:
        self.buffered += data


@pytest.fixture
def ends(monkeypatch):
    monkeypatch.setattr("protocols.stream_writer.DIRECT", frozenset({Server}))
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


def test_what_the_kernel_takes_never_reaches_the_transport(ends):
    ours, theirs = ends
    transport = Server(ours)
    writer = StreamWriter(transport, Limit())
    writer.write(b"one ")
    writer.write(b"two")
    assert theirs.recv(100) == b"one two"
    assert transport.buffered == b""


def test_what_it_does_not_take_waits_in_the_transport_and_all_that_follows(ends):
    ours, theirs = ends
    transport = Server(ours)
    writer = StreamWriter(transport, Limit())
    written = b"".join(b"%07d " % number for number in range(500_000))
    writer.write(written)
    assert transport.buffered, "the kernel cannot have taken four megabytes"
    assert len(transport.buffered) == PIECE
    writer.write(b"after")
    theirs.setblocking(False)
    read = bytearray()
    with contextlib.suppress(BlockingIOError):
        while piece := theirs.recv(65_536):
            read += piece
    assert writer.waiting == len(written) + 5 - len(read) - PIECE
    while writer.go_on():
        assert writer.waiting
    assert writer.waiting == 0
    assert bytes(read) + transport.buffered == written + b"after"


def test_an_error_is_left_for_the_transport_to_meet(ends):
    ours, theirs = ends
    theirs.close()
    transport = Server(ours)
    StreamWriter(transport, Limit()).write(b"lost")
    assert transport.buffered == b"lost"


@pytest.mark.parametrize("kind", [StringTransport, type("Tuned", (StringTransport,), {})])
def test_other_transports_do_their_own_writing(kind: Any) -> None:
    transport = kind()
    StreamWriter(transport, Limit()).write(b"x")
    assert transport.value() == b"x"


class Held:
    """A transport that notes what it is given."""

    def __init__(self) -> None:
        self.given: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.given.append(data)


def test_what_is_held_back_leaves_in_order_when_it_may():
    transport = Held()
    writer = StreamWriter(transport, Limit())
    writer.write(b"1")
    writer.hold_back()
    writer.write(b"2")
    writer.write(b"3")
    assert transport.given == [b"1"]
    assert writer.waiting == 2
    assert not writer.go_on()
    writer.write(b"4")
    assert transport.given == [b"1", b"23", b"4"]


def test_who_goes_on_to_a_peer_that_does_not_read_is_stopped():
    choked: list[int] = []
    writer = StreamWriter(Held(), Limit(10, choked))
    writer.hold_back()
    writer.write(b"x" * 100)  # one write is as long as it is
    assert choked == []
    writer.write(b"y")
    assert choked == [100]
    assert writer.waiting == 100


def test_what_a_peer_has_read_counts_no_more():
    choked: list[int] = []
    writer = StreamWriter(Held(), Limit(10, choked))
    for _ in range(10):
        writer.hold_back()
        writer.write(b"x" * 8)
        writer.write(b"x" * 8)
        writer.go_on()
    assert choked == []
