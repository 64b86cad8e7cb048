"""Connections over Unix sockets, and the file descriptors that travel along."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, UNIXServerEndpoint, connectProtocol
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IFileDescriptorReceiver
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer


@implementer(IFileDescriptorReceiver)
class Receiver(Protocol):
    """Notes data and descriptors in the order they come; a descriptor is noted as what is read from it."""

    def __init__(self, connected: Deferred[Any]) -> None:
        self.events: list[bytes] = []
        self.lost: Deferred[Any] = Deferred()
        self.connected_ = connected

    def connectionMade(self) -> None:
        self.connected_.callback(self)

    def dataReceived(self, data: bytes) -> None:
        self.events.append(data)

    def fileDescriptorReceived(self, descriptor: int) -> None:
        self.events.append(b"<" + os.read(descriptor, 100) + b">")
        os.close(descriptor)

    def connectionLost(self, reason: Any) -> None:
        self.lost.callback(reason.type)


@pytest.fixture
def files() -> Iterator[list[int]]:
    """Descriptors from which their own names can be read: ``fd0``, ``fd1``, ``fd2``."""
    readers = []
    for number in range(3):
        reader, writer = os.pipe()
        os.write(writer, f"fd{number}".encode())
        os.close(writer)
        readers.append(reader)
    yield readers
    for reader in readers:
        os.close(reader)


@pytest.fixture
def connected(tmp_path):
    """A client's protocol, connected to a Receiver."""
    ports = []

    async def connect(client: Any) -> Any:
        accepted: Deferred[Any] = Deferred()
        factory = Factory.forProtocol(lambda: Receiver(accepted))
        path = str(tmp_path / "socket")
        ports.append(await UNIXServerEndpoint(reactor, path).listen(factory))
        await connectProtocol(UNIXClientEndpoint(reactor, path), client)
        return await accepted

    yield connect
    for port in ports:
        port.stopListening()


@pytest_twisted.ensureDeferred
async def test_descriptors_keep_their_order_with_what_is_written(connected, files):
    client = Protocol()
    receiver = await connected(client)
    client.transport.write(b"a")
    for name, descriptor in zip((b"b", b"c", b"d"), files, strict=True):
        client.transport.sendFileDescriptor(descriptor)
        client.transport.write(name)
    client.transport.loseConnection()
    assert await receiver.lost is ConnectionDone
    data = [event for event in receiver.events if not event.startswith(b"<")]
    assert b"".join(data) == b"abcd"
    # None is later than the byte that was written after it.
    before = {name: receiver.events[: receiver.events.index(name)] for name in (b"<fd0>", b"<fd1>", b"<fd2>")}
    assert list(before) == [event for event in receiver.events if event.startswith(b"<")]
    for number, events in enumerate(before.values(), start=1):
        assert len(b"".join(event for event in events if not event.startswith(b"<"))) <= number


@pytest_twisted.ensureDeferred
async def test_a_descriptor_may_be_sent_after_the_byte_it_goes_with(connected, files):
    """All that IUNIXTransport asks is that ``write`` is called as often as ``sendFileDescriptor``."""
    client = Protocol()
    receiver = await connected(client)
    client.transport.write(b"a")
    client.transport.sendFileDescriptor(files[0])
    client.transport.loseConnection()
    assert await receiver.lost is ConnectionDone
    assert sorted(receiver.events) == [b"<fd0>", b"a"]


@pytest.mark.parametrize("first", [b"1", b"1" * 80_000], ids=["little", "much"])
@pytest_twisted.ensureDeferred
async def test_answers_with_descriptors_during_a_read(connected, files, first):
    class Answering(Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.transport.write(first)
            self.transport.sendFileDescriptor(files[0])
            self.transport.write(b"2")
            self.transport.sendFileDescriptor(files[1])
            self.transport.loseConnection()

    receiver = await connected(Answering())
    receiver.transport.write(b"?")
    assert await receiver.lost is ConnectionDone
    events = receiver.events
    assert b"".join(event for event in events if not event.startswith(b"<")) == first + b"2"
    assert [event for event in events if event.startswith(b"<")] == [b"<fd0>", b"<fd1>"]


@pytest_twisted.ensureDeferred
async def test_large_answers_arrive_whole(connected):
    body = bytes(range(256)) * 8192

    class Answering(Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.transport.write(body)
            self.transport.loseConnection()

    receiver = await connected(Answering())
    receiver.transport.write(b"?")
    assert await receiver.lost is ConnectionDone
    assert b"".join(receiver.events) == body
