"""The process that starts programs."""

from __future__ import annotations

import errno
import os
import resource
import select
import signal
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor as the_reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import formatEvent

from protocols.handlers.program import Command, Confinement, Runner
from protocols.handlers.program.confinement import UNCONFINED
from protocols.handlers.program.spawner import LOST, Spawner, SpawnerError

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
NOBODY = 65534


class Run:
    """A program, and what it writes."""

    def __init__(self, spawner, text, **options):
        self.ended = Deferred()
        self.child = None
        reading, writing = os.pipe()
        self._reading = reading
        self.running = Deferred()
        spawner.start(
            Command(("sh", "-c", text), "/", {b"PATH": b"/usr/bin:/bin"}),
            [os.open(os.devnull, os.O_RDONLY), writing],
            ((0,), (1, 2)),
            started=self._started,
            failed=self.ended.errback,
            exited=self.ended.callback,
            **options,
        )

    def _started(self, child):
        self.child = child
        self.running.callback(None)

    async def output(self):
        """What it has written, once it has ended in order."""
        assert await self.ended == 0
        with os.fdopen(self._reading, "rb") as pipe:
            return pipe.read().decode()

    def close(self):
        os.close(self._reading)


@pytest.fixture
def spawner():
    return _spawner(UNCONFINED)


def _spawner(confinement, patience=0.3):
    return Spawner("service", the_reactor, confinement, patience)


async def said_by(confinement, text):
    """What a program that is confined says."""
    spawner = _spawner(confinement)
    try:
        return await Run(spawner, text).output()
    finally:
        await spawner.stop()


@pytest_twisted.ensureDeferred
async def test_many_at_a_time(spawner):
    runs = [Run(spawner, f"echo {number}") for number in range(50)]
    assert [await run.output() for run in runs] == [f"{number}\n" for number in range(50)]
    await spawner.stop()


@pytest_twisted.ensureDeferred
async def test_a_command_longer_than_any_buffer(spawner):
    text = "x" * 100_000
    runs = [Run(spawner, f"echo -n {text} | wc -c") for _ in range(20)]
    for run in runs:
        assert (await run.output()).strip() == "100000"
    await spawner.stop()


@pytest_twisted.ensureDeferred
async def test_statuses_and_signals(spawner):
    left = Run(spawner, "exit 3")
    assert await left.ended == 3
    killed = Run(spawner, "sleep 60 & wait")
    await killed.running
    killed.child.signal(signal.SIGTERM)
    assert await killed.ended == -signal.SIGTERM
    left.close()
    killed.close()
    await spawner.stop()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("text", ["no/such/program", "none-of-that-name"])
async def test_what_cannot_be_started(spawner, text):
    ended: Deferred[int] = Deferred()
    descriptor = os.open(os.devnull, os.O_RDONLY)
    spawner.start(
        Command((text,), "/", {b"PATH": b"/bin"}),
        [descriptor],
        ((0,),),
        started=lambda child: None,
        failed=ended.errback,
        exited=ended.callback,
    )
    with pytest.raises(FileNotFoundError):
        await ended
    await spawner.stop()


@pytest_twisted.ensureDeferred
async def test_no_signal_is_ignored_or_blocked(spawner):
    run = Run(spawner, "exec grep -E 'Sig(Blk|Ign)' /proc/self/status")
    masks = (await run.output()).split()[1::2]
    # Those that glibc keeps for itself it leaves ignored; nobody can send them by name.
    assert [int(mask, 16) & ~0x180000000 for mask in masks] == [0, 0]
    await spawner.stop()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("limits", [{}, {resource.RLIMIT_CORE: 0}])
async def test_what_the_daemon_was_told_to_ignore_is_not_ignored(limits):
    before = signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    try:
        said = await said_by(Confinement(rlimits=limits), "exec grep SigIgn /proc/self/status")
    finally:
        signal.signal(signal.SIGQUIT, before)
    assert not int(said.split()[1], 16) & 1 << (signal.SIGQUIT - 1)


@pytest_twisted.ensureDeferred
async def test_limits():
    limits = {resource.RLIMIT_NOFILE: 17, resource.RLIMIT_CORE: 0}
    said = await said_by(Confinement(rlimits=limits), "ulimit -n; ulimit -Hn; ulimit -c")
    assert said.split() == ["17", "17", "0"]


@pytest_twisted.ensureDeferred
async def test_nothing_gets_more_than_it_has():
    said = await said_by(Confinement(umask=0o077, nice=4), "umask; nice; grep NoNewPrivs /proc/self/status")
    assert said.split() == ["0077", str(os.nice(0) + 4 if os.nice(0) + 4 < 19 else 19), "NoNewPrivs:", "1"]
    assert (await said_by(UNCONFINED, "grep NoNewPrivs /proc/self/status")).split()[1] == _ours("NoNewPrivs")


def _ours(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(field))


@AS_ROOT
@pytest_twisted.ensureDeferred
async def test_another_user():
    confinement = Confinement(NOBODY, NOBODY, (NOBODY,))
    said = await said_by(confinement, "id -u; id -g; id -G; grep -E '^Cap(Prm|Eff)' /proc/self/status")
    assert said.split() == [*[str(NOBODY)] * 3, *("CapPrm:", "0" * 16), *("CapEff:", "0" * 16)]


@pytest_twisted.ensureDeferred
async def test_what_listens_is_told_so(spawner):
    reading, writing = os.pipe()
    ended: Deferred[int] = Deferred()
    text = "echo $LISTEN_FDS $LISTEN_FDNAMES; test $LISTEN_PID = $$ && test -e /proc/$$/fd/4"
    spawner.start(
        Command(("/bin/sh", "-c", text), "/", {}),
        [os.open(os.devnull, os.O_RDWR), os.open(os.devnull, os.O_RDWR), writing],
        ((0, 3), (4,), (1, 2)),
        started=lambda child: None,
        failed=ended.errback,
        exited=ended.callback,
        listening="web",
    )
    assert await ended == 0
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "2 web:web\n"
    await spawner.stop()


@pytest_twisted.ensureDeferred
async def test_programs_end_with_the_daemon(spawner):
    run = Run(spawner, "trap '' TERM; echo up; sleep 60 & wait; wait; sleep 60")
    await run.running
    pid = run.child.pid
    watch = os.pidfd_open(pid)
    await spawner.stop()
    assert select.select([watch], [], [], 10)[0]
    os.close(watch)
    run.ended.addErrback(lambda _: None)
    run.close()


@pytest_twisted.ensureDeferred
async def test_a_spawner_that_dies(spawner, failures):
    run = Run(spawner, "sleep 60")
    await run.running
    pid = run.child.pid
    spawner._popen.kill()
    assert await run.ended == LOST
    [event], failures.events = failures.events, []
    assert formatEvent(event) == "service: the process that starts programs has ended, and 1 of them with it"
    with pytest.raises(SpawnerError, match="has just ended"):
        spawner.begin()
    os.kill(pid, signal.SIGKILL)
    run.close()


@pytest_twisted.ensureDeferred
async def test_what_cannot_be_become():
    if os.geteuid() == 0:
        confinement = Confinement(uid=NOBODY, gid=NOBODY, groups=tuple(range(100_000)))
    else:
        confinement = Confinement(uid=0)
    spawner = _spawner(confinement)
    with pytest.raises(SpawnerError):
        await spawner.prepare()
    await spawner.stop()


@pytest_twisted.ensureDeferred
async def test_a_runner_is_ready_before_it_is_needed():
    runner = Runner("service", the_reactor, patience=1)
    await runner.prepare()
    await runner.stop()


@pytest_twisted.ensureDeferred
async def test_descriptors_that_cannot_be_sent_now_are_sent_soon(runner, script, monkeypatch, until):
    await runner.prepare()
    refusals = [errno.ETOOMANYREFS]

    class Link:
        def __init__(self, link):
            self.link = link

        def __getattr__(self, name):
            return getattr(self.link, name)

        def sendmsg(self, *rest):
            if refusals:
                raise OSError(refusals.pop(), "no more now")
            return self.link.sendmsg(*rest)

    monkeypatch.setattr(runner.spawner, "_link", Link(runner.spawner._link))
    assert runner.take_turn()
    process = await runner.start(script("echo up").alone(), "echo").addTimeout(10, runner.reactor)
    assert await maybeDeferred(process.stdout.read) == b"up\n"
    process.end()
    await until(lambda: process.status is not None)
