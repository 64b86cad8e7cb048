"""A thread that does one thing after the other."""

from __future__ import annotations

from threading import current_thread, main_thread

import pytest
from twisted.internet.defer import Deferred

from protocols.channels.errors import UnavailableError
from protocols.channels.sqlite.worker import Worker


@pytest.fixture
def worker(clock):
    made = Worker(clock, "a thread")
    yield made
    made.stop()


def result(clock, told: Deferred[object]) -> object:
    results: list[object] = []
    told.addBoth(results.append)
    clock.until(lambda: results)
    return results[0]


def test_in_order_in_a_thread_of_its_own(clock, worker):
    done: list[object] = []
    waiting = [
        worker.run(lambda number=number: done.append((number, current_thread()))) for number in range(9)
    ]
    for told in waiting:
        result(clock, told)
    assert [number for number, _ in done] == list(range(9))
    (thread,) = {thread for _, thread in done}
    assert thread is not main_thread()
    assert (thread.name, thread.daemon) == ("a thread", True)


def test_what_is_done_after_it_was_told(clock, worker):
    done: list[str] = []
    worker.run(lambda: done.append("it"), lambda: done.append("then"))
    result(clock, worker.run(lambda: None))
    assert done == ["it", "then"]


def test_what_it_raises_is_told_and_the_next_is_done(clock, worker):
    then: list[object] = []
    failed = worker.run(lambda: 1 / 0, lambda: then.append(1))
    assert result(clock, failed).check(ZeroDivisionError)
    assert result(clock, worker.run(lambda: 7)) == 7
    assert then == []


def test_it_ends_with_what_it_was_asked_for(clock, worker):
    told = worker.run(current_thread)
    worker.stop()
    thread = result(clock, told)
    thread.join(60)
    assert not thread.is_alive()
    refused = worker.run(current_thread)
    assert result(clock, refused).check(UnavailableError)
    worker.start()
    assert result(clock, worker.run(lambda: 7)) == 7
