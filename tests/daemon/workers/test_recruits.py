from __future__ import annotations

import signal

import pytest

from protocols.daemon.workers.backoff import LONGEST
from protocols.daemon.workers.recruits import BREATH, READY, NotReadyError, Recruits


@pytest.fixture
def recruits(processes, time):
    return Recruits(processes, lambda: {"status": None}, time)


def result(deferred):
    found = []
    deferred.addBoth(found.append)
    return found


def test_one_is_hired_when_it_is_ready(recruits, processes):
    hired = result(recruits.hire())
    (process,) = processes.started
    assert hired == []
    assert "status" in process.methods
    process.is_ready()
    assert hired == [process]


def test_one_that_ends_before_is_no_help(recruits, processes):
    hired = result(recruits.hire())
    processes.started[0].ends("exit status 1")
    assert hired[0].check(NotReadyError)
    assert str(hired[0].value) == "exit status 1"


def test_one_that_cannot_be_started_is_no_help(recruits, processes):
    processes.error = OSError("no room")
    assert str(result(recruits.hire())[0].value) == "no room"


def test_one_that_takes_too_long_is_ended(recruits, processes, time, failures):
    hired = result(recruits.hire())
    time.advance(READY)
    assert processes.started[0].signals == [signal.SIGKILL]
    processes.started[0].ends("ended by SIGKILL")
    assert hired[0].check(NotReadyError)
    failures.events.clear()  # it is in the log


def test_a_spare_one_is_there_at_once_and_another_follows(recruits, processes, time):
    recruits.keep_one()
    spare = processes.started[0]
    spare.is_ready()
    assert result(recruits.hire()) == [spare]
    assert len(processes.started) == 1
    time.advance(BREATH)
    assert len(processes.started) == 2


def test_a_spare_one_that_ends_is_replaced_ever_later(recruits, processes, time):
    recruits.keep_one()
    for _ in range(10):
        processes.started[-1].is_ready()
        processes.started[-1].ends()
        time.advance(LONGEST)
    assert len(processes.started) == 11
    assert result(recruits.hire()) == []  # a new one, that is not ready
    assert len(processes.started) == 12


def test_what_nobody_has_hired_ends_with_it(recruits, processes, time):
    result(recruits.hire())
    recruits.keep_one()
    spare = processes.started[1]
    spare.is_ready()
    stopped = result(recruits.stop())
    assert [process.signals for process in processes.started] == [[signal.SIGKILL]] * 2
    assert stopped == []
    for process in processes.started:
        process.ends("ended by SIGKILL")
    assert len(stopped) == 1
    time.advance(LONGEST)
    assert len(processes.started) == 2
