from __future__ import annotations

import socket
from typing import Any

import pytest

from protocols.datagram import DatagramServer
from protocols.datagram_port import READS_PER_TURN, DatagramPort
from protocols.handlers import FunctionHandler
from protocols.journal import Journal


class Readers:
    """The part of a reactor that a port uses."""

    def __init__(self) -> None:
        self.readers: set[Any] = set()

    def addReader(self, reader: Any) -> None:  # noqa: N802
        self.readers.add(reader)

    def removeReader(self, reader: Any) -> None:  # noqa: N802
        self.readers.discard(reader)


@pytest.fixture
def listen(clock):
    """Bind a service on a real socket; the test calls ``doRead`` in the reactor's place."""
    ports: list[DatagramPort] = []

    def listen(function: Any, family: int, address: Any, **limits: int) -> DatagramPort:
        bound = socket.socket(family, socket.SOCK_DGRAM)
        bound.bind(address)
        bound.setblocking(False)
        handler = FunctionHandler(function, reactor=clock, run="loop")
        server = DatagramServer(handler, journal=Journal("tested"), **limits)
        ports.append(DatagramPort(bound, server, Readers()))
        ports[-1].startListening()
        return ports[-1]

    yield listen
    for port in ports:
        port.close()


@pytest.fixture
def client():
    """A client's socket of a family, with a deadline."""
    sockets: list[socket.socket] = []

    def client(family: int, address: Any = None) -> socket.socket:
        sockets.append(socket.socket(family, socket.SOCK_DGRAM))
        sockets[-1].settimeout(10)
        if address is not None:
            sockets[-1].bind(address)
        return sockets[-1]

    yield client
    for each in sockets:
        each.close()


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_udp(listen, client, family, host):
    port = listen(lambda message, peer: f"{peer.host} {message.decode()}", family, (host, 0))
    mine = client(family)
    mine.sendto(b"hello", port.getHandle().getsockname())
    port.doRead()
    assert mine.recv(100) == f"{host} hello".encode()


def test_ipv4_mapped_sender_is_told_as_ipv4(listen, client):
    port = listen(lambda message, peer: peer.host, socket.AF_INET6, ("::", 0))
    mine = client(socket.AF_INET)
    mine.sendto(b"x", ("127.0.0.1", port.getHandle().getsockname()[1]))
    port.doRead()
    assert mine.recv(100) == b"127.0.0.1"


def test_unix(listen, client, tmp_path):
    port = listen(lambda message, peer: str(peer), socket.AF_UNIX, str(tmp_path / "service"))
    named, unnamed = client(socket.AF_UNIX, str(tmp_path / "client")), client(socket.AF_UNIX)
    unnamed.sendto(b"x", str(tmp_path / "service"))
    named.sendto(b"x", str(tmp_path / "service"))
    port.doRead()
    assert named.recv(1000) == f"unixgram://{tmp_path / 'client'}".encode()
    assert port._server.journal.counts.unsent == 1


def test_cut_datagram_is_dropped(listen, client):
    port = listen(lambda message: message, socket.AF_INET, ("127.0.0.1", 0), limit=10)
    mine = client(socket.AF_INET)
    mine.sendto(b"x" * 5000, port.getHandle().getsockname())
    mine.sendto(b"y" * 10, port.getHandle().getsockname())
    port.doRead()
    assert mine.recv(100) == b"y" * 10
    assert port._server.journal.counts.oversize == 1


def test_others_get_their_turn(listen, client):
    heard: list[bytes] = []
    port = listen(heard.append, socket.AF_INET, ("127.0.0.1", 0))
    mine = client(socket.AF_INET)
    for _ in range(READS_PER_TURN + 1):
        mine.sendto(b"x", port.getHandle().getsockname())
    port.doRead()
    assert len(heard) == READS_PER_TURN
    port.doRead()
    assert len(heard) == READS_PER_TURN + 1


def test_refused_reply_does_not_stop_the_service(listen, client):
    port = listen(lambda message: message, socket.AF_INET, ("127.0.0.1", 0))
    gone, mine = client(socket.AF_INET), client(socket.AF_INET)
    gone.sendto(b"x", port.getHandle().getsockname())
    gone.close()
    port.doRead()
    mine.sendto(b"y", port.getHandle().getsockname())
    port.doRead()
    port.doRead()
    assert mine.recv(100) == b"y"


def test_stops_reading_in_the_middle_of_a_turn_and_can_still_reply(listen, client):
    def stop(message: bytes) -> bytes:
        port.stopListening()
        return message

    port = listen(stop, socket.AF_INET, ("127.0.0.1", 0))
    mine = client(socket.AF_INET)
    mine.sendto(b"1", port.getHandle().getsockname())
    mine.sendto(b"2", port.getHandle().getsockname())
    port.doRead()
    assert mine.recv(100) == b"1"
    assert port._server.journal.counts.datagrams == 1
    assert port._reactor.readers == set()


def test_close_frees_the_address(listen):
    port = listen(lambda message: message, socket.AF_INET, ("127.0.0.1", 0))
    address = port.getHandle().getsockname()
    port.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(address)
