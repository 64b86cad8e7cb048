"""Programs that have the sockets of their service."""

from __future__ import annotations

import os
import socket

import pytest
import pytest_twisted
from twisted.internet import reactor as the_reactor
from twisted.internet.threads import deferToThread

from protocols.handlers.program import Invocation
from protocols.handlers.program.wait import WaitingProgram, waiting

ACCEPTS = """
import os, socket, sys
with socket.socket(fileno=0) as listening:
    for _ in range({count}):
        connection, _ = listening.accept()
        connection.sendall(b"%d %s" % (os.getpid(), os.environb[b"LISTEN_FDS"]))
        connection.close()
"""


@pytest.fixture
def invoke():
    """A program that is a script of Python."""

    def invoke(text):
        return Invocation("service", ("python3", "-I", "-S", "-c", text), "/", {"PATH": os.environ["PATH"]})

    return invoke


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def program(runner, invoke):
    """A program that waits for somebody to come."""
    return lambda text: WaitingProgram(invoke(text), runner)


def asked(listening):
    """What whoever connects hears."""

    def ask():
        with socket.create_connection(listening.getsockname(), 10) as client:
            return b"".join(iter(lambda: client.recv(99), b""))

    return deferToThread(ask)


async def ended(program, *watches):
    for watch in watches:
        watch.stopListening()
    gone = program.drain()
    await gone.addTimeout(10, the_reactor)


@pytest_twisted.ensureDeferred
async def test_it_is_started_by_the_first_and_serves_on(program, listening, until):
    waiting_program = program(ACCEPTS.format(count=99))
    watch = waiting_program.watch(listening)
    assert waiting_program.open_connections == 0
    first, second = await asked(listening), await asked(listening)
    assert first == second
    assert first.endswith(b" 1")
    assert waiting_program.open_connections == 1
    await ended(waiting_program, watch)
    assert waiting_program.open_connections == 0


@pytest_twisted.ensureDeferred
async def test_another_is_started_once_it_has_ended(program, listening):
    waiting_program = program(ACCEPTS.format(count=1))
    watch = waiting_program.watch(listening)
    first, second = await asked(listening), await asked(listening)
    assert first.split()[0] != second.split()[0]
    await ended(waiting_program, watch)


@pytest_twisted.ensureDeferred
async def test_it_has_all_the_sockets(program, listening):
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        waiting_program = program(
            "import socket; s = socket.socket(fileno=4); d, a = s.recvfrom(99); s.sendto(d.upper(), a)"
        )
        watches = [waiting_program.watch(one) for one in (listening, datagrams)]
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(b"hello", datagrams.getsockname())
            assert await deferToThread(client.recv, 99) == b"HELLO"
        await ended(waiting_program, *watches)


@pytest_twisted.ensureDeferred
async def test_one_that_leaves_untouched_what_made_it_start(program, listening, until, monkeypatch, warned):
    monkeypatch.setattr(waiting, "STARTS", 3)
    waiting_program = program("")
    watch = waiting_program.watch(listening)
    with socket.create_connection(listening.getsockname(), 10):
        await until(lambda: warned)
        assert warned[0].startswith("service: python3: started 3 times within 2 s; the next time in 1 s")
        assert waiting_program.open_connections == 0
        await ended(waiting_program, watch)


@pytest_twisted.ensureDeferred
async def test_one_that_will_not_end_is_killed(program, listening, until):
    waiting_program = program(
        "import signal, time; signal.signal(15, signal.SIG_IGN)\n"
        "import socket; socket.socket(fileno=0).accept()[0].sendall(b'up'); time.sleep(60)"
    )
    watch = waiting_program.watch(listening)
    with socket.create_connection(listening.getsockname(), 10) as client:
        assert await deferToThread(client.recv, 99) == b"up"
        watch.stopListening()
        gone = waiting_program.drain()
        waiting_program.abort()
        await gone.addTimeout(10, the_reactor)


@pytest_twisted.ensureDeferred
async def test_what_cannot_be_started(runner, listening, failures, until):
    waiting_program = WaitingProgram(Invocation("service", ("/no/such",), "/", {}), runner)
    watch = waiting_program.watch(listening)
    with socket.create_connection(listening.getsockname(), 10):
        await until(lambda: failures.events)
        assert failures.events[0]["error"] == "No such file or directory"
        await ended(waiting_program, watch)
    failures.events.clear()


def test_the_socket_is_as_it_was_for_whoever_serves_it_next(program, listening):
    watch = program("").watch(listening)
    watch.socket.setblocking(True)
    watch.stopListening()
    assert not os.get_blocking(listening.fileno())
