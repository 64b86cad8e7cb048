"""The process that takes over, seen from the one that it replaces."""

from __future__ import annotations

import os
import socket
import sys

import pytest
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.python.failure import Failure

from protocols.daemon.upgrade.handover import READY, SOCKETS, VARIABLE, receive
from protocols.daemon.upgrade.successor import PATIENCE, Successor, UpgradeError


class Process:
    def __init__(self):
        self.pid = 4711
        self.signals = []

    def signalProcess(self, name):  # noqa: N802 - Twisted's name
        self.signals.append(name)


class Spawning:
    """A reactor that starts nothing, and whose time is a clock's."""

    def __init__(self, clock):
        self.callLater = clock.callLater
        self.process = Process()
        self.started = {}
        self._channel = socket.socket()

    def spawnProcess(self, protocol, executable, arguments, env, path, childFDs):  # noqa: N802, N803
        self.started = {"arguments": arguments, "env": env, "path": path, "descriptors": childFDs}
        self._channel.close()
        self._channel = socket.socket(fileno=os.dup(childFDs[SOCKETS]))
        protocol.transport = self.process
        return self.process

    def handed_over(self):
        return receive(self._channel)

    def close(self):
        self._channel.close()


@pytest.fixture
def spawning(clock):
    reactor = Spawning(clock)
    yield reactor
    reactor.close()


@pytest.fixture
def successor(spawning):
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        yield Successor([("web", one)], "/somewhere", spawning)


def outcome(deferred):
    found = []
    deferred.addBoth(found.append)
    return found


def test_it_is_the_same_command_with_the_sockets(successor, spawning):
    assert outcome(successor.start()) == []
    assert spawning.started["arguments"] == [sys.executable, *sys.orig_argv[1:]]
    assert spawning.started["path"] == "/somewhere"
    assert spawning.started["env"][VARIABLE] == f"{SOCKETS},{READY}"
    assert set(spawning.started["descriptors"]) == {0, 1, 2, SOCKETS, READY}
    received = spawning.handed_over()
    assert list(received) == ["web"]
    received["web"][0].close()


def test_it_says_that_it_is_ready(successor, clock):
    found = outcome(successor.start())
    successor.childDataReceived(READY, b"ready")
    assert found == [4711]
    successor.processExited(Failure(ProcessDone(0)))  # much later, and nobody waits
    assert found == [4711]
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (ProcessTerminated(2, None, 512), "with status 2"),
        (ProcessTerminated(None, 9, 9), "by signal 9"),
        (ProcessDone(0), "in good order"),
    ],
)
def test_one_that_ends_before_says_so(successor, clock, end, words):
    found = outcome(successor.start())
    successor.processExited(Failure(end))
    found[0].trap(UpgradeError)
    assert words in str(found[0].value)
    assert clock.getDelayedCalls() == []


def test_one_that_is_never_ready_is_ended(successor, spawning, clock):
    found = outcome(successor.start())
    clock.advance(PATIENCE)
    found[0].trap(UpgradeError)
    assert spawning.process.signals == ["KILL"]


def test_one_that_cannot_be_started(successor, spawning):
    def refuse(*arguments, **settings):
        raise OSError(12, "Cannot allocate memory")

    spawning.spawnProcess = refuse
    found = outcome(successor.start())
    found[0].trap(UpgradeError)
    assert "Cannot allocate memory" in str(found[0].value)


def test_one_for_which_there_are_no_descriptors(successor, monkeypatch):
    def refuse(*arguments):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socketpair", refuse)
    found = outcome(successor.start())
    found[0].trap(UpgradeError)
    assert "Too many open files" in str(found[0].value)


def test_one_that_is_given_up(successor, spawning, clock):
    found = outcome(successor.start())
    successor.give_up("the daemon is about to stop")
    found[0].trap(UpgradeError)
    assert str(found[0].value) == "the daemon is about to stop; the new process has been ended"
    assert spawning.process.signals == ["KILL"]
    assert clock.getDelayedCalls() == []
    successor.give_up("again")
    assert spawning.process.signals == ["KILL"]
