"""A forward of a channel on disk, after which another process goes on."""

from __future__ import annotations

import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol

from protocols.channels.channel import Channel
from protocols.channels.forward import Forward, ForwardSettings
from protocols.channels.message import Entry
from protocols.channels.sqlite import SQLiteStore
from protocols.framing import Lines
from protocols.handlers.forward import Target


class Reading(Protocol):
    def connectionMade(self):
        self.decoder = Lines().decoder()
        self.factory.connections.append(self)

    def dataReceived(self, data):
        self.factory.lines += self.decoder.feed(data)


class Process:
    """A channel and its forward, as a daemon has them for as long as it lives."""

    def __init__(self, file, target):
        from twisted.internet import reactor

        self.channel = Channel("readings", SQLiteStore(file, reactor=reactor), clock=reactor)
        self.forward = Forward(
            self.channel, "peer", target, reactor=reactor, settings=ForwardSettings(backoff=0.02)
        )

    async def begin(self):
        await self.channel.open()
        self.forward.start()

    async def publish(self, *bodies):
        receipts = self.channel.publish([Entry(body) for body in bodies])
        if isinstance(receipts, Deferred):
            await receipts

    async def end(self):
        await self.forward.stop()
        await self.channel.close()


@pytest_twisted.ensureDeferred
async def test_it_goes_on_where_it_was(tmp_path, until):
    """Also with what was published before it began the second time, though it begins with what is new."""
    from twisted.internet import reactor

    factory = Factory.forProtocol(Reading)
    factory.noisy, factory.lines, factory.connections = False, [], []
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    number, file = port.getHost().port, tmp_path / "readings.sqlite"
    target = Target("tcp", "127.0.0.1", number)

    first = Process(file, target)
    await first.channel.open()
    await first.publish(b"before it ever began")
    first.forward.start()
    await until(lambda: first.forward.group.members)
    await first.publish(b"1", b"2")
    await until(lambda: first.forward.counts.delivered == 2)
    await port.stopListening()
    for connection in factory.connections:
        connection.transport.abortConnection()
    await first.publish(b"3", b"4")
    await until(lambda: first.forward.counts.failed)
    await first.end()

    second = Process(file, target)
    await second.begin()
    await second.publish(b"5")
    port = reactor.listenTCP(number, factory, interface="127.0.0.1")
    await until(lambda: second.forward.counts.delivered == 3)
    await second.end()
    await port.stopListening()
    assert factory.lines == [b"1", b"2", b"3", b"4", b"5"]
