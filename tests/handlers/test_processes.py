from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest

from protocols.handlers import CallTimeoutError, FunctionHandler, processes
from protocols.handlers.processes import COLLECTED, ProcessPool
from protocols.session import Peer


@pytest.fixture
def ask(serve, clock, worker_functions):
    """Serve a function of the importable module in processes: connect, say, and wait for the replies."""

    def ask(name: str, said: bytes, replies: int, **settings):
        service = serve(getattr(worker_functions, name), run="processes", **{"workers": 1, **settings})
        peer = service.connect()
        peer.send(said)
        clock.until(lambda: peer.received.count(b"\n") >= replies or peer.closing)
        return service, peer

    return ask


def wait_until_gone(pid: int) -> None:
    """Wait for a process to end, whoever its parent is."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ready, _, _ = select.select([descriptor], [], [], 20)
        assert ready, f"process {pid} still runs"
    finally:
        os.close(descriptor)


def status_of(pid: int, field: str) -> str:
    """What the kernel says of a process (proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{field}:"))


def test_answers_elsewhere_and_ends_with_the_pool(ask):
    service, peer = ask("pid", b"x\n", 1)
    worker = int(peer.received)
    assert worker != os.getpid()
    service.factory.handler.stop()
    wait_until_gone(worker)


def test_forms(ask, worker_functions):
    assert ask("who", b"hi\n", 1)[1].received == b"192.168.1.1 says hi\n"
    assert ask("count", b"3\n", 3)[1].received == b"0\n1\n2\n"


def test_typed_function_explains_a_bad_message_from_the_worker(ask):
    service, peer = ask("take", b'{"amount": 4}\n{"amount": []}\n', 2)
    answer, problem = peer.received.splitlines()
    assert answer == b"8"
    assert b'"status":422' in problem
    assert b'"pointer":"/amount"' in problem
    assert service.counts.rejected == 1
    assert not peer.closing


def test_replies_keep_the_order(ask, tmp_path):
    path = str(tmp_path / "quick").encode()
    # Two connections, so that the second message can be answered first.
    service, _ = ask("late", b"quick " + path + b"\n", 1, workers=2)
    peer = service.connect()
    peer.send(b"slow " + path + b"\nquick " + path + b"\n")
    service.factory.clock.until(lambda: peer.received.count(b"\n") == 2)
    assert peer.received == b"slow\nquick\n"


def test_crashed_worker_is_replaced(ask, clock, failures):
    service, peer = ask("crash", b"crash\n", 1)
    assert peer.received == b""
    assert peer.closing
    (event,) = failures.take(RuntimeError)
    said = str(event["error"])
    assert said == "polyport_worker_functions.crash: the worker process died at it, with exit status 3"
    again = service.connect()
    again.send(b"well\n")
    clock.until(lambda: again.received)
    assert again.received == b"well\n"


def test_workers_start_though_another_function_has_the_name_by_now(
    serve, clock, worker_functions, monkeypatch
):
    service = serve(worker_functions.who, run="processes", workers=1)
    monkeypatch.setattr(worker_functions, "who", len)
    peer = service.connect()
    peer.send(b"hi\n")
    clock.until(lambda: peer.received or peer.closing)
    assert peer.received == b"192.168.1.1 says hi\n"


def test_failure_has_the_traceback_of_the_worker(ask, failures):
    _, peer = ask("boom", b"x\n", 1)
    assert peer.closing
    (event,) = failures.take(LookupError)
    assert "in boom" in event["notes"]


@pytest.mark.parametrize(("name", "said"), [("leave", "called sys.exit('x')"), ("interrupt", "raised Key")])
def test_function_that_would_end_its_process_only_fails(ask, failures, name, said):
    _, peer = ask(name, b"x\n", 1)
    assert peer.closing
    (event,) = failures.take(RuntimeError)
    assert f"polyport_worker_functions.{name} {said}" in str(event["log_failure"].value)
    assert f"in {name}" in event["notes"]


OWNER = """
import queue, signal, sys
sys.path.insert(0, sys.argv[1])
import polyport_worker_functions as functions
from protocols.handlers.processes import ProcessPool
from protocols.session import Peer

class Reactor:
    calls = queue.SimpleQueue()
    def callFromThread(self, *call):
        self.calls.put(call)

if __name__ == "__main__":
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    pool = ProcessPool(
        Reactor(), functions.meet, annotation=bytes, codec=None, wants_peer=False, workers=2
    )
    answer = pool.call(" ".join(sys.argv[2:]).encode(), Peer("none"))
    answer.addBoth(lambda said: print(said, flush=True))
    call, *arguments = Reactor.calls.get()
    call(*arguments)
    pool.stop()
"""
"""A process that answers one message in a worker, and does not obey signals."""


@pytest.fixture
def owner(tmp_path):
    """A process with a worker that has begun a call, in a group of its own; what the call waits for."""
    said, heard = tmp_path / "said", tmp_path / "heard"
    os.mkfifo(said)
    os.mkfifo(heard)
    where = str(Path(__file__).parent / "importable")
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, where, str(said), str(heard)],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    worker = int(said.read_text())
    yield process, worker, heard
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_signals_to_the_process_group_leave_the_calls_alone(owner, number):
    process, worker, heard = owner
    assert os.getsid(worker) == worker
    # If the fork server died of it, the call would be lost only when the pool looks at its workers next.
    fork_server = int(status_of(worker, "PPid"))
    assert int(status_of(fork_server, "SigBlk"), 16) >> (number - 1) & 1
    os.killpg(process.pid, number)
    heard.write_text("the answer")
    assert process.stdout.read() == b"(b'the answer',)\n"
    assert process.wait(20) == 0
    wait_until_gone(worker)


def test_workers_end_when_the_daemon_is_killed(owner):
    process, worker, heard = owner
    process.kill()
    process.wait()
    heard.write_text("nobody")
    wait_until_gone(worker)


def test_wrong_type_is_a_failure(ask, failures):
    assert ask("strange", b"x\n", 1)[1].closing
    failures.take(ValueError)


def test_call_that_never_returns_is_killed(serve, clock, worker_functions, tmp_path, failures):
    pipe = tmp_path / "pid"
    os.mkfifo(pipe)
    service = serve(worker_functions.hang, run="processes", workers=1, timeout=5)
    peer = service.connect()
    peer.send(str(pipe).encode() + b"\n")
    worker = int(pipe.read_text())
    clock.advance(5)
    failures.take(CallTimeoutError)
    assert peer.closing
    wait_until_gone(worker)


def test_endless_generator_is_bounded(ask, failures):
    _, peer = ask("endless", b"x\n", 1)
    assert peer.closing
    (event,) = failures.take(OverflowError)
    assert str(COLLECTED) in str(event["log_failure"].value)


def test_interrupt_from_the_terminal_is_ignored(ask):
    assert ask("interrupted", b"x\n", 1)[1].received == b"still here\n"


def test_none_is_no_reply(serve, clock, worker_functions):
    handler = FunctionHandler(worker_functions.silent, reactor=clock, run="processes", workers=1)
    answer = handler.bind(Peer("tcp"))(b"x")
    replies = []
    answer.addCallback(replies.append)
    clock.until(lambda: replies)
    assert replies == [()]
    handler.stop()


def test_function_that_cannot_be_named_is_refused(clock):
    with pytest.raises(TypeError, match="another process can import"):
        FunctionHandler(lambda message: message, reactor=clock, run="processes")


def test_nothing_is_started_before_the_first_call(monkeypatch, worker_functions, clock):
    # Who makes it may be root still, and become another user before it serves.
    started = []
    monkeypatch.setattr(processes, "_start_fork_server", lambda: started.append("fork server"))
    pool = ProcessPool(clock, worker_functions.who, annotation=str, codec=None, wants_peer=False, workers=1)
    assert started == []
    monkeypatch.setattr(pool._pool, "schedule", lambda *arguments, **settings: Future())
    for _ in range(2):
        pool.call(b"", Peer("none"))
    assert started == ["fork server"]
    pool.stop()
