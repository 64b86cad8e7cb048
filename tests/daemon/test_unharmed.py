"""Whatever one service or one peer does, the daemon and every other connection go on."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

FUNCTIONS = """
import os, threading
from twisted.internet.defer import Deferred

def shout(message: str) -> str:
    return message.upper()

def raises(message: bytes) -> bytes:
    raise ValueError("on purpose")

async def never(message: bytes) -> bytes:
    return await Deferred()

def blocks(message: bytes) -> bytes:
    threading.Event().wait()

def dies(message: bytes) -> bytes:
    if message == b"die":
        os._exit(3)
    return str(os.getpid()).encode()

def wrong(message: bytes):
    return object()
"""

YAML = """
server: {drain: 2s}
services:
  shout:
    listen: [tcp://127.0.0.1:0, udp://127.0.0.1:0, tls://127.0.0.1:0, unix:shout.sock]
    tls: {certificate: {certificate: tls/localhost.pem, key: tls/localhost.key}}
    function: functions:shout
  raises: {listen: "tcp://127.0.0.1:0", function: "functions:raises"}
  wrong: {listen: "tcp://127.0.0.1:0", function: "functions:wrong"}
  never: {listen: "tcp://127.0.0.1:0", function: {call: "functions:never", timeout: 200ms}}
  blocks: {listen: "tcp://127.0.0.1:0", function: {call: "functions:blocks", workers: 1, timeout: 200ms}}
  dies:
    listen: tcp://127.0.0.1:0
    function: {call: "functions:dies", run: processes, workers: 1, timeout: 20s}
  strings: {listen: "tcp://127.0.0.1:0", framing: netstring, function: "functions:shout"}
  numbers: {listen: "tcp://127.0.0.1:0", framing: {length: {signed: true}}, function: "functions:shout"}
  echo: {listen: ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"], builtin: echo}
  site:
    listen: [tcp://127.0.0.1:0, tls://127.0.0.1:0]
    tls: {certificate: {certificate: tls/localhost.pem, key: tls/localhost.key}}
    http:
      /: {files: tls}
      /shout: {function: functions:shout}
"""


@pytest.fixture(scope="module")
def daemon(real_daemon_of_module, tmp_path_factory, example_certificates):
    folder = tmp_path_factory.mktemp("unharmed")
    (folder / "tls").symlink_to(example_certificates)
    (folder / "functions.py").write_text(FUNCTIONS)
    (folder / "polyport.yaml").write_text(YAML)
    return real_daemon_of_module(folder / "polyport.yaml").ready()


@pytest.fixture
def bystander(daemon, connect):
    """A connection that was there before, and is answered after."""
    with connect(daemon.port("shout")) as client:
        assert client.ask("before") == b"BEFORE"
        yield client
        assert client.ask("after") == b"AFTER"
    assert daemon.process.poll() is None


@pytest.mark.usefixtures("bystander")
@pytest.mark.parametrize(
    ("service", "logged"),
    [
        ("raises", r"critical raises: \S+: the handler failed(.|\n)*ValueError: on purpose"),
        ("wrong", r"critical wrong: \S+: the handler failed"),
        ("never", r"error never: \S+: functions.never did not answer within 0\.2 s\n"),
        ("blocks", r"error blocks: \S+: functions.blocks did not answer within 0\.2 s\n"),
    ],
)
def test_a_function_that_fails_closes_its_connection_only(daemon, connect, service, logged):
    with connect(daemon.port(service)) as client, connect(daemon.port(service)) as other:
        client.send(b"x\n")
        assert client.rest() == b""
        daemon.expect(logged)
        other.send(b"x\n")
        assert other.rest() == b""


@pytest.mark.usefixtures("bystander")
def test_a_worker_that_dies_is_replaced(daemon, connect):
    with connect(daemon.port("dies")) as client, connect(daemon.port("dies")) as other:
        first = int(client.ask("who"))
        assert first != daemon.pid
        client.send(b"die\n")
        assert client.rest() == b""
        assert int(other.ask("who")) != first


@pytest.mark.usefixtures("bystander")
@pytest.mark.parametrize(
    ("service", "sent"),
    [
        ("strings", b"5:hello;"),
        ("strings", b"99999999999999999999:"),
        ("strings", b"-1:,"),
        ("numbers", b"\xff\xff\xff\xff"),
        ("numbers", b"\x7f\xff\xff\xff"),
        ("shout", b"x" * 70_000),
    ],
)
def test_bytes_that_make_no_sense_close_their_connection_only(daemon, connect, service, sent):
    with connect(daemon.port(service)) as client, connect(daemon.port(service)) as other:
        client.send(sent)
        assert b"alformed message" in client.rest()  # why, in its own framing, and then the end
        question = {"strings": b"2:ok,", "numbers": b"\0\0\0\2ok", "shout": b"ok\n"}[service]
        other.send(question)
        assert other.socket.recv(100) == question.upper()


@pytest.mark.usefixtures("bystander")
def test_garbage_from_many_at_once_on_every_address(daemon, tmp_path):
    addresses = re.findall(r"listening on (\S+)", daemon.output)
    assert len(addresses) == 15
    dice = random.Random(20_261_122)
    work = [(address, dice.randbytes(dice.randrange(1, 5000))) for address in addresses for _ in range(20)]

    def throw(address: str, garbage: bytes) -> None:
        scheme, _, rest = address.partition(":")
        if scheme == "udp":
            with socket.socket(type=socket.SOCK_DGRAM) as sock:
                sock.sendto(garbage, ("127.0.0.1", int(rest.rpartition(":")[2])))
            return
        family = socket.AF_UNIX if scheme == "unix" else socket.AF_INET
        with socket.socket(family) as sock:
            sock.settimeout(20)
            place = rest.removeprefix("//")
            sock.connect(place if scheme == "unix" else ("127.0.0.1", int(place.rpartition(":")[2])))
            try:
                sock.sendall(garbage)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65_536):
                    pass
            except ConnectionError:
                pass  # to be hung up on is an answer; to hear nothing, a TimeoutError, is none

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda job: throw(*job), work))


def high_water(pid: int) -> int:
    """The most memory a process has had so far, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.usefixtures("bystander")
@pytest.mark.parametrize("service", ["shout", "site"])
def test_fifty_megabytes_without_a_line_end_are_not_kept(daemon, connect, service):
    before = high_water(daemon.pid)
    megabyte = b"x" * 1_000_000
    with connect(daemon.port(service)) as client:
        try:
            for _ in range(50):
                client.send(megabyte)
            client.socket.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass  # it need not listen to the end
        client.rest()
    assert high_water(daemon.pid) - before < 10_000_000


# -- worker processes do not outlive the daemon --------------------------------------------------------


def descendants(pid: int) -> set[int]:
    """The processes that `pid` started, and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = {int(child) for child in children}
    return found.union(*(descendants(child) for child in found))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_workers_end_with_the_daemon(real_daemon, written, connect, gone, tmp_path, number, busy):
    os.mkfifo(tmp_path / "fifo")
    functions = """
import os
from pathlib import Path
def work(message: str) -> str:
    return Path(message).read_text() if message else str(os.getpid())
"""
    yaml = """
server: {drain: 0s}
services:
  work:
    listen: tcp://127.0.0.1:0
    function: {call: "functions:work", run: processes, workers: 2}
"""
    daemon = real_daemon(written(yaml, functions)).ready()
    with connect(daemon.port("work")) as client:
        worker = int(client.ask(""))
        started = descendants(daemon.pid)
        assert worker in started
        if busy:
            client.send(f"{tmp_path / 'fifo'}\n".encode())
            writing = (tmp_path / "fifo").open("w")  # waits for the worker to open it
        try:
            daemon.send_signal(number)
            # Not until its output ends: a worker at work shares that.
            assert daemon.process.wait(20) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
            if number == signal.SIGKILL and busy:
                writing.close()  # its work is done, and now it sees that nobody wants the answer
            assert all(map(gone, started))
        finally:
            if busy:
                writing.close()
