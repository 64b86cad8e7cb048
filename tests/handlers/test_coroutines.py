from __future__ import annotations

import subprocess
import sys

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from protocols.handlers.coroutines import run, runner

UNDER_ASYNCIO = """
import asyncio, sys
from twisted.internet import asyncioreactor
asyncioreactor.install()
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from protocols.framing import Lines
from protocols.handlers import FunctionHandler
from protocols.handlers.coroutines import runner
from protocols.journal import Journal
from protocols.session import Peer

class Connection:
    peer = Peer("tcp")
    def __init__(self): self.sent, self.errors = [], []
    def send(self, message): self.sent.append(message)
    def close(self): pass
    def fail(self, error): self.errors.append(error)
    def reject(self, error): self.errors.append(error)
    def pause(self): pass
    def resume(self): pass

async def mixed(message: bytes) -> bytes:
    await asyncio.sleep(0.001)
    await deferLater(reactor, 0.001)
    async with asyncio.timeout(5):
        await asyncio.sleep(0.001)
    return message

async def at_once(message: bytes) -> bytes:
    return message

async def items(message: bytes):
    await asyncio.sleep(0.001)
    yield b"1"
    await deferLater(reactor, 0.001)
    yield b"2"

ended = []
async def forever(message: bytes) -> bytes:
    try:
        await asyncio.sleep(3600)
    finally:
        ended.append(message)

async def passes_on(message: bytes) -> bytes:
    try:
        await deferLater(reactor, 0, lambda: 1 / 0)
    except ZeroDivisionError:
        return await deferLater(reactor, 0, lambda: message)

async def fails(message: bytes) -> bytes:
    await asyncio.sleep(0)
    raise LookupError

def open_(function, **settings):
    handler = FunctionHandler(function, reactor=reactor, **settings)
    connection = Connection()
    session = handler.open(connection)
    session.started()
    return connection, session

async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)

async def main():
    for function, replies in ((mixed, [b"x"]), (at_once, [b"x"]), (passes_on, [b"x"]), (items, [b"1", b"2"])):
        connection, session = open_(function)
        session.received(b"x")
        await until(lambda: len(connection.sent) == len(replies) or connection.errors)
        assert connection.sent == replies, (function, connection.sent, connection.errors)
    connection, session = open_(forever)
    session.received(b"gone")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    session.closed(None)
    await until(lambda: ended)
    connection, session = open_(forever, timeout=0.01)
    session.received(b"late")
    await until(lambda: connection.errors)
    assert type(connection.errors[0]).__name__ == "CallTimeoutError", connection.errors
    await until(lambda: len(ended) == 2)  # a task that is cancelled ends in a turn of its own
    assert ended == [b"gone", b"late"]
    connection, session = open_(fails)
    session.received(b"x")
    await until(lambda: connection.errors)
    assert type(connection.errors[0]) is LookupError
    print("all right")

def start():
    d = Deferred.fromFuture(asyncio.ensure_future(main()))
    d.addErrback(lambda failure: failure.printTraceback(file=sys.stderr))
    d.addBoth(lambda _: reactor.stop())
reactor.callLater(0, start)
reactor.run()
"""


def test_asyncio_and_deferreds_mix_under_the_asyncio_reactor():
    finished = subprocess.run(
        [sys.executable, "-c", UNDER_ASYNCIO], capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.stdout == "all right\n", finished.stderr


def test_other_reactors_run_coroutines_bare():
    assert runner(Clock()) is run


async def double(awaitable):
    return await awaitable * 2


def test_result_at_once():
    fired: Deferred[int] = Deferred()
    fired.callback(4)
    assert run(double(fired)) == 8


def test_result_later():
    awaited: Deferred[int] = Deferred()
    results = []
    run(double(awaited)).addCallback(results.append)
    assert results == []
    awaited.callback(4)
    assert results == [8]


def test_error_is_seen_inside():
    awaited: Deferred[int] = Deferred()

    async def careful():
        try:
            await awaited
        except LookupError:
            return "caught"

    results = []
    run(careful()).addCallback(results.append)
    awaited.errback(LookupError())
    assert results == ["caught"]


def test_cancel_raises_inside():
    seen = []

    async def wait():
        try:
            await Deferred()
        except CancelledError:
            seen.append("cancelled")
            raise

    deferred = run(wait())
    deferred.addErrback(lambda failure: failure.trap(CancelledError))
    deferred.cancel()
    assert seen == ["cancelled"]


def test_error_at_once():
    async def boom():
        raise LookupError

    with pytest.raises(LookupError):
        run(boom())
