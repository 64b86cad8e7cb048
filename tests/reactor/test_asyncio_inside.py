"""asyncio's libraries and Twisted's in the running reactor, beside and inside one another."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.internet.protocol import Factory, ProcessProtocol, Protocol
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.python import log

from protocols.reactor.reactor import Reactor

HOST = "127.0.0.1"


@pytest.fixture
def in_loop(our_reactor: Reactor) -> Callable[[Any], Deferred[Any]]:
    """Run a coroutine as a task of asyncio's."""
    return lambda coroutine: Deferred.fromFuture(our_reactor.loop.create_task(coroutine))


class Echo(Protocol):
    """Sends back what comes, and notes which loop runs meanwhile."""

    def __init__(self) -> None:
        self.loops: list[Any] = []
        self.lost: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self.loops.append(asyncio.get_running_loop())

    def dataReceived(self, data: bytes) -> None:
        self.loops.append(asyncio.get_running_loop())
        log.msg("heard")
        self.transport.write(data)

    def connectionLost(self, reason: Any) -> None:
        self.loops.append(asyncio.get_running_loop())
        self.lost.callback(None)


@pytest.fixture
def listening():
    """Serve a protocol on TCP; its port."""
    ports: list[Any] = []

    async def listen(protocol: Any) -> int:
        factory = Factory.forProtocol(lambda: protocol)
        ports.append(await TCP4ServerEndpoint(reactor, 0, interface=HOST).listen(factory))
        return ports[-1].getHost().port

    yield listen
    for port in ports:
        port.stopListening()


@pytest_twisted.ensureDeferred
async def test_a_client_of_asyncios_and_a_server_of_twisteds(our_reactor, in_loop, listening):
    echo = Echo()
    port = await listening(echo)

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"hello\n")
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return answer

    assert await in_loop(ask()) == b"hello\n"
    await echo.lost
    assert echo.loops == [our_reactor.loop] * 3


class Asking(Protocol):
    """Asks once, and collects until the end."""

    def connectionMade(self) -> None:
        self.data = b""
        self.done: Deferred[bytes] = Deferred()
        self.transport.write(b"hello\n")

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: Any) -> None:
        self.done.callback(self.data)


@pytest_twisted.ensureDeferred
async def test_a_client_of_twisteds_and_a_server_of_asyncios(in_loop):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline() + b"x" * 1_000_000)
        await writer.drain()
        writer.close()

    server = await in_loop(asyncio.start_server(serve, HOST, 0))
    endpoint = TCP4ClientEndpoint(reactor, *server.sockets[0].getsockname())
    client = await connectProtocol(endpoint, Asking())
    assert await client.done == b"hello\n" + b"x" * 1_000_000
    server.close()
    await in_loop(server.wait_closed())


@pytest_twisted.ensureDeferred
async def test_datagrams_of_asyncios(our_reactor, in_loop):
    got = our_reactor.loop.create_future()

    class Receiver(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            got.set_result(data)

    async def send() -> bytes:
        receiver, _ = await our_reactor.loop.create_datagram_endpoint(Receiver, local_addr=(HOST, 0))
        sender, _ = await our_reactor.loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=receiver.get_extra_info("sockname")
        )
        sender.sendto(b"hello")
        data = await got
        sender.close()
        receiver.close()
        return data

    assert await in_loop(send()) == b"hello"


@pytest_twisted.ensureDeferred
async def test_deferreds_and_awaitables_of_asyncios_in_one_coroutine(our_reactor, in_loop):
    loop = our_reactor.loop

    async def late(value: str) -> str:
        await asyncio.sleep(0.001)
        return value

    async def mixed() -> list[str]:
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            tasks = [group.create_task(late(value)) for value in "ab"]
        deferred = deferLater(reactor, 0.001, lambda: "c")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await Deferred().asFuture(loop)
        return [*(task.result() for task in tasks), await deferred.asFuture(loop)]

    assert await in_loop(mixed()) == ["a", "b", "c"]


class Child(ProcessProtocol):
    def __init__(self) -> None:
        self.ended: Deferred[int] = Deferred()

    def processEnded(self, reason: Any) -> None:
        self.ended.callback(reason.value.exitCode)


@pytest_twisted.ensureDeferred
async def test_children_of_both_are_reaped(in_loop):
    async def run(status: int) -> tuple[bytes, int | None]:
        program = f"print('child'); raise SystemExit({status})"
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await child.communicate()
        return said, child.returncode

    twisteds = [Child() for _ in range(2)]
    asyncios = [in_loop(run(status)) for status in (3, 4)]
    for status, child in enumerate(twisteds, start=1):
        arguments = [sys.executable, "-c", f"raise SystemExit({status})"]
        reactor.spawnProcess(child, sys.executable, arguments)
    assert [await child.ended for child in twisteds] == [1, 2]
    assert [await child for child in asyncios] == [(b"child\n", 3), (b"child\n", 4)]


@pytest_twisted.ensureDeferred
async def test_threads_of_both(our_reactor, in_loop):
    main = threading.get_ident()
    ours = await deferToThread(threading.get_ident)
    theirs = await in_loop(asyncio.to_thread(threading.get_ident))
    assert main not in (ours, theirs)
    done: Deferred[int] = Deferred()
    called = our_reactor.loop.call_soon_threadsafe
    reactor.callInThread(called, lambda: done.callback(threading.get_ident()))
    assert await done == main


class Threaded(Echo):
    """Has a thread log something while it reads."""

    def dataReceived(self, data: bytes) -> None:
        thread = threading.Thread(target=log.msg, args=("from a thread",))
        thread.start()
        thread.join()
        super().dataReceived(data)


class Heard:
    """Collects where the lines of the legacy log are from."""

    def __init__(self) -> None:
        self.systems: dict[str, str] = {}

    def __call__(self, event: dict[str, Any]) -> None:
        if "log_namespace" not in event or event.get("message"):
            self.systems[log.textFromEventDict(event) or ""] = event["system"]


@pytest_twisted.ensureDeferred
async def test_the_prefix_of_legacy_log_lines(our_reactor, listening):
    heard = Heard()
    log.addObserver(heard)
    echo = Threaded()
    client = await connectProtocol(TCP4ClientEndpoint(reactor, HOST, await listening(echo)), Asking())
    reactor.callLater(0, log.msg, "from a timer")
    await deferLater(reactor, 0.001)
    client.transport.loseConnection()
    await client.done
    await echo.lost
    log.removeObserver(heard)
    assert heard.systems["heard"] == "Threaded,0,127.0.0.1"
    assert heard.systems["from a timer"] == heard.systems["from a thread"] == "-"


def test_time_is_the_clocks_and_does_not_follow_its_steps(monkeypatch):
    assert abs(Reactor.seconds() - time.time()) < 5
    before = Reactor.seconds()
    stepped = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: stepped)
    assert 0 <= Reactor.seconds() - before < 60


@pytest_twisted.ensureDeferred
async def test_timers_do_not_follow_steps_of_the_clock(our_reactor, monkeypatch):
    fired: list[str] = []
    distant = our_reactor.callLater(60, fired.append, "distant")
    soon: Deferred[None] = Deferred()
    our_reactor.callLater(0.001, soon.callback, None)
    for step in (3600, -7200):
        stepped = time.time() + step
        monkeypatch.setattr(time, "time", lambda stepped=stepped: stepped)
        await deferLater(our_reactor, 0.001)
    await soon
    assert fired == []
    assert 50 < distant.getTime() - our_reactor.seconds() <= 60
    distant.cancel()
