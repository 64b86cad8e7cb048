from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from protocols.daemon.daemon import StartError
from protocols.daemon.loader import read
from protocols.daemon.workers.fleet import GRACE, Fleet
from protocols.daemon.workers.worker_logs import WorkerLogs

YAML = "server: {drain: 5s}\nservices: {shop: {listen: 'tcp://:1', builtin: echo}}"


class Binding:
    """Sockets of nothing."""

    def sockets(self, index):
        return {"shop": []}


class Novelty:
    """A configuration."""

    def __init__(self, text, file):
        self.loaded = read(file, given={str(file): text}).resolved(None)
        self.shapes = {"shop": None}
        self.carriers = {}
        self.taken = False

    def take(self):
        self.taken = True


class Afloat:
    """A fleet, and what has become of it."""

    def __init__(self, processes, time, file):
        self.novelty = Novelty(YAML, file)
        self.file = file
        self.told = []
        time.callWhenRunning = lambda call: call()
        reader = SimpleNamespace(file=file, setting=SimpleNamespace(ask=lambda: SimpleNamespace()))
        self.fleet = Fleet(
            reader,
            self.novelty,
            2,
            logs=WorkerLogs("text"),
            close_sockets=lambda: self.told.append("closed"),
            reactor=time,
            spawn=processes,
        )
        self.fleet._recruits._methods = dict  # what they may ask is of no interest here
        self.fleet.when_running = lambda: self.told.append("running")
        self.fleet.when_failed = lambda: self.told.append("failed")
        self.fleet.begin(self.novelty, Binding())
        self.processes = processes

    def started(self):
        self.fleet.startService()
        for process in self.processes.started:
            process.is_ready()
        return self.processes.started[:2]


@pytest.fixture
def afloat(processes, time, failures):
    afloat = Afloat(processes, time, Path("/nowhere/polyport.yaml"))
    yield afloat
    if afloat.fleet._descriptor != -1:
        os.close(afloat.fleet._descriptor)
    failures.events.clear()  # deaths are in the log


def result(deferred):
    found = []
    deferred.addBoth(found.append)
    return found


def test_it_runs_when_all_serve_and_has_one_to_spare(afloat):
    afloat.fleet.startService()
    first, second = afloat.processes.started
    first.is_ready()
    assert afloat.told == []
    second.is_ready()
    assert afloat.told == ["running"]
    assert afloat.novelty.taken
    assert len(afloat.processes.started) == 3


def test_it_fails_when_one_cannot_begin(afloat):
    afloat.fleet.startService()
    first, second = afloat.processes.started
    first.is_ready()
    second.ends("exit status 1")
    assert afloat.told == ["failed"]


def test_it_ends_when_all_have_ended(afloat, time):
    first, second = afloat.started()
    ended = result(afloat.fleet.stopService())
    assert afloat.told == ["running", "closed"]
    assert (first.link.asked("stop"), second.link.asked("stop")) == (1, 1)
    for process in (first, second):
        process.ends("exit status 0")
    assert ended == []
    afloat.processes.started[2].ends("ended by SIGKILL")
    assert len(ended) == 1
    assert not time.getDelayedCalls()


def test_what_does_not_end_is_killed(afloat, time):
    first, _ = afloat.started()
    afloat.fleet.stopService()
    time.advance(5 + GRACE)
    assert [number.name for number in first.signals] == ["SIGKILL"]


def test_all_are_aborted(afloat):
    processes = afloat.started()
    afloat.fleet.abort()
    assert [process.link.asked("abort") for process in processes] == [1, 1]


def test_another_daemon_may_have_the_sockets(afloat):
    processes = afloat.started()
    afloat.fleet.retire_all()
    assert [process.link.asked("retire") for process in processes] == [1, 1]
    assert afloat.told == ["running"]


def test_a_reload_is_prepared_by_all_and_then_done(afloat):
    first, second = afloat.started()
    first.link.answers["prepare"] = second.link.answers["prepare"] = []
    new = Novelty(YAML.replace("5s", "7s"), afloat.file)
    prepared = result(afloat.fleet.prepare(new))
    assert prepared == [None]
    assert first.link.asked("commit") == 0
    afloat.fleet.change(new, Binding())
    assert (first.link.asked("commit"), second.link.asked("commit")) == (1, 1)
    assert afloat.fleet.loaded is new.loaded


def test_what_one_cannot_do_none_does_and_each_problem_is_told_once(afloat):
    first, second = afloat.started()
    first.link.answers["prepare"] = ["a", "b"]
    second.link.answers["prepare"] = ["b"]
    (failure,) = result(afloat.fleet.prepare(Novelty(YAML, afloat.file)))
    assert failure.check(StartError)
    assert failure.value.args == ("a", "b")
    assert (first.link.asked("cancel"), second.link.asked("cancel")) == (1, 1)


def test_one_that_dies_meanwhile_does_not_stand_in_the_way(afloat):
    from twisted.internet.defer import Deferred

    from protocols.daemon.control.link import LinkClosedError

    first, second = afloat.started()
    waiting = first.link.answers["prepare"] = Deferred()
    second.link.answers["prepare"] = []
    prepared = result(afloat.fleet.prepare(Novelty(YAML, afloat.file)))
    waiting.errback(LinkClosedError("the other end is gone"))
    assert prepared == [None]


def test_logs_begin_anew_one_process_after_the_other(afloat):
    from twisted.internet.defer import Deferred

    first, second = afloat.started()
    rotated = first.link.answers["rotate"] = Deferred()
    afloat.fleet.rotate()
    assert (first.link.asked("rotate"), second.link.asked("rotate")) == (1, 0)
    rotated.callback(None)
    assert second.link.asked("rotate") == 1


def test_what_is_drained_is_served_by_no_successor(afloat, time):
    first, _ = afloat.started()
    afloat.fleet.drain("shop")
    assert dict(afloat.fleet.shapes) == {}
    first.ends()
    time.advance(0)
    afloat.processes.started[2].is_ready()
    successor = next(p for p in afloat.processes.started[2:] if p.link.asked("serve"))
    assert dict(successor.link.calls)["serve"]["sockets"] == {}
