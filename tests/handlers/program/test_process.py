"""Real programs, from their start to their end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as the_reactor
from twisted.internet.defer import Deferred
from twisted.logger import globalLogPublisher

from protocols.handlers.program import Command, CrowdedError, Process, Runner, Watchdog, clean_environment
from protocols.handlers.program import process as process_module


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "LINGER", 0.3)


@pytest.fixture
def said():
    """What is logged, in words."""
    lines: list[str] = []

    def observe(event: Any) -> None:
        if event.get("log_namespace") == "polyport":
            lines.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


@pytest.fixture
def sh(runner: Runner) -> Callable[..., Awaitable[Process]]:
    """Start a shell with a script; its turn is taken as given."""

    async def sh(text: str, stdin: int | None = None, **environment: str) -> Process:
        command = Command(("/bin/sh", "-c", text), "/", clean_environment(environment))
        await runner.turn()
        return await runner.start(command, "sh", stdin)

    return sh


async def piece(process: Process) -> bytes | None:
    """The next of what it writes."""
    read = process.stdout.read()
    return await read if isinstance(read, Deferred) else read


async def output(process: Process) -> bytes:
    """All it writes."""
    pieces = []
    while True:
        read = await piece(process)
        if read is None:
            return b"".join(pieces)
        pieces.append(read)


def gone(process: Process) -> Deferred[None]:
    """Fires once it is over."""
    over: Deferred[None] = Deferred()
    if process.status is not None:
        over.callback(None)
    else:
        process.on_over.append(lambda _: over.callback(None))
    return over.addTimeout(20, the_reactor)


def ended(pid: int, wait: float = 20) -> bool:
    """Whether the process, which need not be a child of ours, ends within `wait` seconds."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ready, _, _ = select.select([watch], [], [], wait)
    os.close(watch)
    return bool(ready)


@pytest_twisted.ensureDeferred
async def test_input_and_output(sh):
    process = await sh("cat")
    data = os.urandom(3_000_000)
    written = process.stdin.write(data)
    assert isinstance(written, Deferred)
    written.addCallback(lambda _: process.stdin.close())
    assert await output(process) == data
    await gone(process)
    assert process.status == 0


@pytest_twisted.ensureDeferred
async def test_a_session_of_its_own_and_a_clean_environment(sh, monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    process = await sh("cut -d' ' -f5,6 /proc/$$/stat; echo $$; cat /proc/$$/environ", A="b")
    group, pid, environment = (await output(process)).decode().split("\n")
    assert group.split() == [pid, pid]
    assert pid == str(process.pid)
    assert {variable.partition("=")[0] for variable in environment.split("\0") if variable} == {"PATH", "A"}


@pytest_twisted.ensureDeferred
async def test_no_descriptor_of_ours_is_passed_on(sh):
    inherited = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(inherited, True)
    process = await sh("exec ls /proc/self/fd", subprocess.DEVNULL)
    numbers = (await output(process)).split()
    os.close(inherited)
    assert numbers == [b"0", b"1", b"2", b"3"]  # the last is the folder that ls reads


@pytest_twisted.ensureDeferred
async def test_who_reads_no_more(sh):
    process = await sh("exec <&-; echo closed; sleep 60")
    assert await piece(process) == b"closed\n"
    with pytest.raises(BrokenPipeError):
        process.stdin.write(b"x")
    with pytest.raises(BrokenPipeError):
        process.stdin.write(b"x")
    process.end()
    await gone(process)


@pytest_twisted.ensureDeferred
async def test_who_stops_reading_while_we_wait(sh):
    process = await sh("read line; exec <&-; sleep 60")
    written = process.stdin.write(b"line\n" + b"x" * 1_000_000)
    with pytest.raises(BrokenPipeError):
        await written
    assert process.stdin.closed
    process.end()
    await gone(process)


@pytest_twisted.ensureDeferred
async def test_reading_and_writing_can_be_given_up(sh):
    process = await sh("sleep 60")
    for waiting in (process.stdout.read(), process.stdin.write(b"x" * 1_000_000)):
        waiting.addErrback(lambda _: None)
        waiting.cancel()
        await waiting
    assert not process.stdout.is_awaited
    assert not process.stdin.is_awaited
    process.end()
    await gone(process)


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("cat; exit 7", 7),
        ("echo ready; exec sleep 60", -signal.SIGTERM),
        ("trap '' TERM; echo ready; while :; do sleep 0.1; done", -signal.SIGKILL),
        ("trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done", 9),
    ],
)
async def test_each_step_of_the_end(sh, text, status):
    process = await sh(text)
    if "ready" in text:
        await piece(process)
    process.end()
    process.end()
    await gone(process)
    assert process.status == status


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("ignoring", ["", "trap '' TERM; "])
async def test_children_end_too(sh, ignoring):
    process = await sh(f"(trap '' HUP; {ignoring}sleep 60 & echo $!; wait) & wait")
    child = int(await piece(process))
    process.end()
    await gone(process)
    assert ended(child)


@pytest_twisted.ensureDeferred
async def test_children_that_outlive_a_program_that_ends_by_itself(sh):
    process = await sh("(trap '' TERM; sleep 60) & echo $!; read line")
    child = int(await piece(process))
    process.end()
    await gone(process)
    assert process.status == 1
    assert ended(child)


@pytest_twisted.ensureDeferred
async def test_children_that_keep_the_output(sh, said):
    process = await sh("sleep 60 & echo $!")
    child = int(await piece(process))
    assert await output(process) == b""
    await gone(process)
    assert ended(child)
    assert said == ["service: sh: has ended, but its children keep its output open; ending them"]


@pytest_twisted.ensureDeferred
async def test_children_that_write_on_are_heard(sh, said):
    process = await sh("for i in 1 2 3 4 5; do sleep 0.15; echo $i; done &")
    assert await output(process) == b"1\n2\n3\n4\n5\n"
    await gone(process)
    assert said == []


@pytest_twisted.ensureDeferred
async def test_a_reader_who_takes_a_break_is_waited_for(sh, said):
    process = await sh("head -c 60000 /dev/zero; (head -c 60000 /dev/zero) &")
    pause: Deferred[None] = Deferred()
    the_reactor.callLater(0.7, pause.callback, None)
    await pause
    assert len(await output(process)) == 120_000
    assert said == []


@pytest_twisted.ensureDeferred
async def test_children_that_let_go_of_the_output_live_on(sh):
    process = await sh("sleep 60 >/dev/null 2>&1 & echo $!")
    child = int(await output(process))
    await gone(process)
    assert not ended(child, 0)
    os.kill(child, signal.SIGKILL)


@pytest_twisted.ensureDeferred
async def test_what_has_gone_wrong_is_logged(sh, said):
    for text in ("echo oops >&2; exit 3", "kill -9 $$", "exit 0"):
        await gone_after_output(await sh(text, subprocess.DEVNULL))
    assert said == [
        "service: sh: oops",
        "service: sh: ended with exit status 3",
        "service: sh: ended with signal 9",
    ]


async def gone_after_output(process: Process) -> None:
    await output(process)
    await gone(process)


@pytest_twisted.ensureDeferred
async def test_what_was_ended_has_not_failed(sh, said):
    process = await sh("exec sleep 60")
    process.end()
    await gone(process)
    assert said == []


@pytest_twisted.ensureDeferred
async def test_a_flood_of_errors_stops_nobody(sh, said):
    process = await sh("yes error | head -n 200000 >&2; echo done")
    assert await output(process) == b"done\n"
    await gone(process)
    assert len(said) == 101
    assert said[-1] == "service: sh: writes too many lines to log them all"


@pytest_twisted.ensureDeferred
async def test_a_program_that_is_none(runner):
    for arguments in (("/nowhere/x",), ("/",), ("/etc/passwd",), ("a\0b",)):
        await runner.turn()
        with pytest.raises((OSError, ValueError)):
            await runner.start(Command(arguments, "/", {}), "none")
    await runner.turn()
    with pytest.raises(FileNotFoundError):
        await runner.start(Command(("/bin/sh",), "/nowhere", {}), "none")
    assert len(runner.programs) == 0


@pytest_twisted.ensureDeferred
async def test_turns(runner, sh):
    first, _ = await sh("exec cat"), await sh("exec cat")
    waiting = Deferred.fromCoroutine(runner.turn())
    assert not waiting.called
    with pytest.raises(CrowdedError):
        await runner.turn()
    first.stdin.close()
    await output(first)
    await waiting
    runner.pass_up()
    await runner.turn()
    runner.pass_up()


@pytest_twisted.ensureDeferred
async def test_nobody_waits_for_ever_for_what_does_not_end(runner, sh, monkeypatch, said):
    from protocols.handlers.program import runner as runner_module

    monkeypatch.setattr(runner_module, "SPARE", -0.4)
    process = await sh("trap '' TERM; while :; do sleep 0.05; done")
    await runner.stop()
    await gone(process)
    assert process.status == -signal.SIGKILL


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("text", "late"),
    [
        ("sleep 60", True),
        ("exec >&-; sleep 60", True),
        ("sleep 0.05; echo done", False),
    ],
)
async def test_the_watchdog(sh, text, late):
    process = await sh(text, subprocess.DEVNULL)
    called: list[bool] = []
    Watchdog(process, 0.4, the_reactor, lambda: (called.append(True), process.end()))
    await output(process)
    await gone(process)
    assert bool(called) == late


@pytest_twisted.ensureDeferred
async def test_the_watchdog_does_not_mind_who_waits_for_us(sh):
    process = await sh("cat")
    called: list[bool] = []
    watchdog = Watchdog(process, 0.2, the_reactor, lambda: called.append(True))
    reading = process.stdout.read()
    pause: Deferred[None] = Deferred()
    the_reactor.callLater(0.6, pause.callback, None)
    await pause
    assert called == []
    process.stdin.write(b"x")
    assert await reading == b"x"
    watchdog.stop()
    process.end()
    await gone(process)


def test_only_the_reactor_is_needed():
    program = "import sys, protocols.handlers.program; sys.exit('protocols.http' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
