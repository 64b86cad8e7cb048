"""Datagram sockets in the reactor."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
from twisted.internet.error import InvalidAddressError, MessageLengthError
from twisted.internet.protocol import DatagramProtocol

from protocols.datagram import DatagramServer
from protocols.handlers import FunctionHandler
from protocols.journal import Journal
from protocols.reactor.datagram_ports import ADDRESSES, QUEUE, READS, _without_flow, adopted


class Descriptors:
    """The part of a reactor that a port uses."""

    def __init__(self) -> None:
        self.readers: set[Any] = set()
        self.writers: set[Any] = set()
        self.later: list[Any] = []

    def addReader(self, reader: Any) -> None:
        self.readers.add(reader)

    def removeReader(self, reader: Any) -> None:
        self.readers.discard(reader)

    def addWriter(self, writer: Any) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        self.writers.discard(writer)

    def callLater(self, delay: float, call: Any, *arguments: Any) -> None:
        call(*arguments)


def bound(family: int, address: Any) -> socket.socket:
    one = socket.socket(family, socket.SOCK_DGRAM)
    one.bind(address)
    return one


@pytest.fixture
def adopt():
    """Make a port for a protocol on a real socket; the test calls ``doRead`` in the reactor's place."""
    ports: list[Any] = []

    def adopt(protocol: Any, family: int = socket.AF_INET, address: Any = None, size: int = 8192) -> Any:
        ports.append(adopted(bound(family, address or ("127.0.0.1", 0)), protocol, size, Descriptors()))
        ports[-1].startListening()
        return ports[-1]

    yield adopt
    for port in ports:
        if port.connected:
            port.stopListening()


@pytest.fixture
def listen(adopt, clock):
    """The same for a function that answers messages."""

    def listen(function: Any, family: int, address: Any, **limits: int) -> Any:
        handler = FunctionHandler(function, reactor=clock, run="loop")
        server = DatagramServer(handler, journal=Journal("tested"), **limits)
        return adopt(server, family, address, server.limit)

    return listen


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
    assert port.protocol.journal.counts.unsent == 1


def test_cut_datagram_is_dropped(listen, client):
    port = listen(lambda message: message, socket.AF_INET, ("127.0.0.1", 0), limit=10)
    mine = client(socket.AF_INET)
    mine.sendto(b"x" * 5000, port.getHandle().getsockname())
    mine.sendto(b"y" * 10, port.getHandle().getsockname())
    port.doRead()
    assert mine.recv(100) == b"y" * 10
    assert port.protocol.journal.counts.oversize == 1


def test_others_get_their_turn(listen, client):
    heard: list[bytes] = []
    port = listen(heard.append, socket.AF_INET, ("127.0.0.1", 0))
    mine = client(socket.AF_INET)
    for _ in range(READS + 1):
        mine.sendto(b"x", port.getHandle().getsockname())
    port.doRead()
    assert len(heard) == READS
    port.doRead()
    assert len(heard) == READS + 1


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


class Kept(DatagramProtocol):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, Any]] = []

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self.got.append((datagram, addr))


def test_reading_stops_with_the_port(adopt, client):
    class Once(Kept):
        def datagramReceived(self, datagram: bytes, addr: Any) -> None:
            super().datagramReceived(datagram, addr)
            self.transport.stopListening()

    port = adopt(Once())
    mine = client(socket.AF_INET)
    for message in (b"1", b"2"):
        mine.sendto(message, port.getHandle().getsockname())
    protocol = port.protocol
    port.doRead()
    assert [message for message, _ in protocol.got] == [b"1"]


def test_stopping_frees_the_address_and_closes_the_socket(adopt):
    port = adopt(Kept())
    address = port.getHandle().getsockname()
    port.stopListening()
    bound(socket.AF_INET, address).close()


def test_one_bad_datagram_costs_nothing_else(adopt, client, failures):
    class Picky(Kept):
        def datagramReceived(self, datagram: bytes, addr: Any) -> None:
            if datagram == b"bad":
                raise ZeroDivisionError
            super().datagramReceived(datagram, addr)

    port = adopt(Picky())
    mine = client(socket.AF_INET)
    for message in (b"bad", b"good"):
        mine.sendto(message, port.getHandle().getsockname())
    port.doRead()
    failures.take(ZeroDivisionError)
    assert [message for message, _ in port.protocol.got] == [b"good"]


@pytest.mark.parametrize("size", [1, 8192, 65_506])
def test_what_is_longer_is_dropped_counted_and_said_once(adopt, client, size):
    port = adopt(Kept(), size=size)
    mine = client(socket.AF_INET)
    for length in (size + 1, size, size + 1):
        mine.sendto(b"x" * length, port.getHandle().getsockname())
    port.doRead()
    assert [len(message) for message, _ in port.protocol.got] == [size]
    assert port.truncated == 2


class FullSocket:
    """A socket whose buffer is full until the test says otherwise."""

    def __init__(self, real: socket.socket) -> None:
        self._real = real
        self.full = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def sendto(self, *arguments: Any) -> int:
        if self.full:
            raise BlockingIOError(errno.EAGAIN, "full")
        return self._real.sendto(*arguments)


def test_what_the_kernel_has_no_room_for_waits_in_order_and_then_is_dropped(adopt, client):
    port = adopt(Kept())
    mine = client(socket.AF_INET, ("127.0.0.1", 0))
    port.socket = full = FullSocket(port.socket)
    sent = [port.write(b"%d" % number, mine.getsockname()) for number in range(QUEUE + 2)]
    assert sent == [True] * QUEUE + [False] * 2
    assert port.dropped == 2
    assert port.reactor.writers == {port}
    full.full = False
    # Behind those that wait already.
    assert port.write(b"late", mine.getsockname()) is False
    port.doWrite()
    assert [mine.recv(10) for _ in range(QUEUE)] == [b"%d" % number for number in range(QUEUE)]
    assert port.reactor.writers == set()
    assert port.write(b"now", mine.getsockname()) is True
    assert mine.recv(10) == b"now"


def test_addresses_are_checked_once(adopt, client):
    port = adopt(Kept())
    with pytest.raises(InvalidAddressError):
        port.write(b"x", ("localhost", 9))
    with pytest.raises(InvalidAddressError):
        port.write(b"x", ("::1", 9))
    with pytest.raises(MessageLengthError):
        port.write(b"x" * 70_000, ("127.0.0.1", 9))
    mine = client(socket.AF_INET, ("127.0.0.1", 0))
    for message in (b"1", b"2"):
        port.write(message, mine.getsockname())
    assert [mine.recv(10), mine.recv(10)] == [b"1", b"2"]


def test_no_more_addresses_are_remembered_than_are_of_use(adopt):
    port = adopt(Kept())
    for number in range(ADDRESSES + 10):
        port.write(b"x", ("127.0.0.1", 1 + number))
    assert len(port._known) <= ADDRESSES


def test_refused_is_told_to_a_connected_port_only(adopt, client):
    class Refused(Kept):
        refused = 0

        def connectionRefused(self) -> None:
            self.refused += 1

    port = adopt(Refused())
    gone = client(socket.AF_INET, ("127.0.0.1", 0))
    address = gone.getsockname()
    gone.close()
    port.connect(*address)
    port.write(b"x")
    port.doRead()
    assert port.protocol.refused == 1


def test_a_unix_peer_that_does_not_read_is_not_waited_for(adopt, client, tmp_path):
    port = adopt(Kept(), socket.AF_UNIX, str(tmp_path / "service"))
    deaf = client(socket.AF_UNIX, str(tmp_path / "deaf"))
    other = client(socket.AF_UNIX, str(tmp_path / "other"))
    sent = 0
    while port.write(b"x", deaf.getsockname()):
        sent += 1
        assert sent < 10_000
    assert port.dropped == 1
    assert port.reactor.writers == set()
    assert port.write(b"y", other.getsockname()) is True
    assert other.recv(10) == b"y"


def test_a_sender_whose_interface_is_gone(monkeypatch):
    def gone(scope):
        raise OSError(errno.ENXIO, "no such device")

    monkeypatch.setattr(socket, "if_indextoname", gone)
    assert _without_flow(("fe80::1", 9, 0, 7)) == ("fe80::1%7", 9)
    assert _without_flow(("::1", 9, 0, 0)) == ("::1", 9)
