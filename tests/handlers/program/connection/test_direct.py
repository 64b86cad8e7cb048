"""Programs that get the connection itself."""

from __future__ import annotations

import socket

import pytest
import pytest_twisted
from twisted.internet import reactor as the_reactor
from twisted.internet.address import UNIXAddress
from twisted.internet.threads import deferToThread

from protocols.handlers.program.connection import DirectPrograms
from protocols.handover import HandOverFactory
from protocols.journal import Journal
from tests.socket_transport import SocketTransport


class Client(SocketTransport):
    """Whoever has connected."""

    async def everything(self):
        """All that comes until the other end is closed."""
        pieces = []
        while piece := await deferToThread(self.peer.recv, 65536):
            pieces.append(piece)
        return b"".join(pieces)


@pytest.fixture
def journal():
    return Journal("service")


@pytest.fixture
def connect(runner, script, journal):
    """Connect to a program."""
    made = []

    def connect(text, **settings):
        taker = DirectPrograms(script(text), runner, **settings)
        factory = HandOverFactory(taker, journal=journal, clock=the_reactor)
        transport = Client()
        transport.factory = factory
        made.append(transport)
        transport.protocol = factory.buildProtocol(UNIXAddress(None))
        transport.protocol.makeConnection(transport)
        return transport

    yield connect
    for each in made:
        each.peer.close()


@pytest_twisted.ensureDeferred
async def test_the_connection_is_its_input_and_output(connect, until):
    client = connect('echo "$UNIXLOCALPATH"; exec cat')
    client.peer.sendall(b"hello\n")
    client.peer.shutdown(socket.SHUT_WR)
    assert await client.everything() == b"/run/here\nhello\n"
    await until(lambda: client.factory.open_connections == 0)


@pytest_twisted.ensureDeferred
async def test_it_does_not_have_to_know_of_non_blocking_sockets(connect):
    client = connect("exec head -c 3000000 /dev/zero")
    assert len(await client.everything()) == 3_000_000


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("errors", "sent"), [("log", b""), ("send", b"oops\n"), ("discard", b"")])
async def test_its_standard_error(connect, errors, sent):
    client = connect("echo oops >&2")
    assert await client.everything() == sent


@pytest_twisted.ensureDeferred
async def test_one_that_takes_too_long(connect, journal, failures, until):
    client = connect("sleep 60", deadline=0.1)
    assert await client.everything() == b""
    await until(lambda: client.factory.open_connections == 0)
    assert journal.counts.failures == 1
    assert len(failures.events) == 1
    failures.events.clear()


@pytest_twisted.ensureDeferred
async def test_one_that_is_aborted_and_will_not_end(connect, until):
    client = connect("trap '' TERM; echo up; while :; do sleep 0.05; done")
    assert await deferToThread(client.peer.recv, 99) == b"up\n"
    client.factory.abort()
    assert await client.everything() == b""
    await until(lambda: client.factory.open_connections == 0)


@pytest_twisted.ensureDeferred
async def test_those_who_wait_for_their_turn(connect, journal, until, runner):
    first, second, third = (connect('read line; echo "$line"') for _ in range(3))
    refused = connect("true")
    assert await refused.everything() == b""
    assert journal.counts.refused == 1
    assert runner.waiting == 1
    for client in (first, second, third):
        client.peer.sendall(b"x\n")
        assert await client.everything() == b"x\n"


@pytest_twisted.ensureDeferred
async def test_one_that_leaves_the_queue(connect, until, runner):
    clients = [connect("sleep 60") for _ in range(3)]
    assert runner.waiting == 1
    clients[2].factory.abort()
    assert await clients[2].everything() == b""
    await until(lambda: clients[2].factory.open_connections == 0)
    assert runner.waiting == 0
    for client in clients:
        client.factory.abort()


@pytest_twisted.ensureDeferred
async def test_what_cannot_be_started(runner, journal, failures, until):
    from protocols.handlers.program import Invocation

    taker = DirectPrograms(Invocation("service", ("/no/such",), "/", {}), runner)
    factory = HandOverFactory(taker, journal=journal, clock=the_reactor)
    transport = Client()
    transport.protocol = factory.buildProtocol(UNIXAddress(None))
    transport.protocol.makeConnection(transport)
    assert await transport.everything() == b""
    await until(lambda: factory.open_connections == 0)
    [event], failures.events = failures.events, []
    assert "such cannot be started: No such file or directory" in str(event["error"])
    transport.peer.close()


@pytest_twisted.ensureDeferred
async def test_no_signal_reaches_the_daemon(connect, until):
    client = connect("kill -9 0")
    assert await client.everything() == b""
    await until(lambda: client.factory.open_connections == 0)
