"""Signs of life of the event loop, and what is said when they are late."""

from __future__ import annotations

import gc
import os
import queue
import selectors
import threading
import time
from typing import Any

import pytest
from twisted.logger import LogLevel, capturedLogs, formatEvent

from protocols.daemon import loop_watch
from protocols.daemon.loop_watch import STALL, WARN_EVERY, LoopWatch, Stall

YAML = """
services:
  slow: {{listen: "tcp://127.0.0.1:{port}", function: {{call: "slow:slow", run: loop}}}}
"""

SLOW = """
import time

def slow(message: bytes) -> bytes:
    take_a_nap()
    return message

def take_a_nap():
    time.sleep(0.5)
"""


class FakeReactor:
    """Runs what comes from threads when the test says so."""

    def __init__(self) -> None:
        self.calls: queue.Queue[Any] = queue.Queue()

    def callFromThread(self, function: Any, *arguments: Any) -> None:  # noqa: N802
        self.calls.put((function, arguments))

    def run_one(self) -> None:
        function, arguments = self.calls.get(timeout=20)
        function(*arguments)


@pytest.fixture
def reactor():
    return FakeReactor()


@pytest.fixture
def watch(reactor):
    watch = LoopWatch(reactor)
    watch._watched = threading.get_ident()
    return watch


@pytest.fixture
def look(watch, reactor):
    """Look once, in a thread, while this one, which stands for the reactor's, does something."""

    def look(meanwhile=lambda: None):
        thread = threading.Thread(target=watch.look)
        thread.start()
        meanwhile()
        reactor.run_one()
        thread.join()
        reactor.run_one()

    return look


def test_each_sign_of_life_is_measured(watch, look):
    for _ in range(2):
        watch.lag = -1.0
        look()
        assert watch.lag >= 0
    assert watch.stalls == 0


@pytest.fixture
def stand_still(watch):
    """Keeps the loop until it has been seen where it stands."""
    seen = threading.Event()
    where = watch._where

    def found():
        try:
            return where()
        finally:
            seen.set()

    watch._where = found

    def stand_still():
        assert seen.wait(20)

    return stand_still


def test_a_stall_is_logged_with_the_place_where_it_was(watch, look, stand_still):
    with capturedLogs() as events:
        look(stand_still)
    (event,) = events
    assert event["log_level"] is LogLevel.warn
    text = formatEvent(event)
    assert "the event loop stood still for" in text
    assert "stand_still" in text
    assert watch.stalls == 1
    assert watch.lag >= STALL


def test_what_has_led_to_the_loop_is_not_told(look, stand_still):
    look()  # a first sign of life, which says where the loop is
    with capturedLogs() as events:
        look(stand_still)
    text = formatEvent(events[0])
    assert "in stand_still" in text
    assert "test_what_has_led_to_the_loop" not in text
    assert "pytest" not in text


def test_a_loop_that_waits_for_the_kernel_has_not_stalled(watch, look, monkeypatch):
    """As on a machine that is busy with others: what is to wake the loop has come, and it does not run."""
    ready, wake = os.pipe()
    waits = watch._waits
    monkeypatch.setattr(watch, "_waits", lambda: (waits(), os.write(wake, b"."))[0])
    with capturedLogs() as events, selectors.PollSelector() as selector:
        selector.register(ready, selectors.EVENT_READ)
        look(lambda: selector.select(20))
    os.close(ready)
    os.close(wake)
    assert formatEvent(events[0]).startswith("the process did not run for 0.")
    assert (watch.stalls, watch.pauses) == (0, 1)


def test_a_process_that_did_not_run_has_not_stalled(watch, look, monkeypatch):
    """As after SIGSTOP: every clock has gone on but that of the processor."""

    class Skewed:
        def __init__(self):
            self.ahead = 0.0

        def monotonic(self):
            return time.monotonic() + self.ahead

        def process_time(self):
            return 1.0

    skewed = Skewed()
    monkeypatch.setattr(loop_watch, "time", skewed)
    where, seen = watch._where, threading.Event()

    def found():
        seen.set()
        return where()

    watch._where = found
    waited = watch._alive.wait

    def wait(seconds=None):
        outcome = waited(seconds)
        if not outcome:
            skewed.ahead = 60.0
        return outcome

    watch._alive.wait = wait
    with capturedLogs() as events:
        look(lambda: seen.wait(20))
    assert (watch.stalls, watch.pauses) == (0, 1)
    assert formatEvent(events[0]).startswith("the process did not run for 60.")
    assert watch.lag == 0


def test_the_same_place_is_told_now_and_then(watch, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(loop_watch.time, "monotonic", lambda: now[0])
    with capturedLogs() as events:
        for _ in range(3):
            watch._heard(Stall(0.5, 0.0, "here", "stack"))
        watch._heard(Stall(0.5, 0.0, "there", "stack"))
        now[0] += WARN_EVERY
        watch._heard(Stall(0.5, 0.2, "here", "stack"))
    texts = [formatEvent(event) for event in events]
    assert [event["place"] for event in events] == ["here", "there", "here"]
    assert "0.20 s of that in the garbage collector (2 more like it since" in texts[2]
    assert watch.stalls == 5


def test_one_that_was_over_too_soon_to_be_seen(watch):
    with capturedLogs() as events:
        watch._heard(Stall(0.12, 0.0, "", ""))
    assert "not to be seen where" in formatEvent(events[0])


def test_the_garbage_collector_is_timed_where_it_takes_long(watch, monkeypatch):
    now = [5.0]
    monkeypatch.setattr(loop_watch.time, "monotonic", lambda: now[0])
    watch._collects("start", {"generation": 2})
    now[0] += 0.25
    watch._collects("start", {"generation": 0})
    watch._collects("stop", {"generation": 0})
    watch._collects("stop", {"generation": 2})
    assert watch._collected == 0.25


def test_it_starts_once_and_stops_cleanly(watch, reactor):
    before = list(gc.callbacks)
    watch.start()
    thread = watch._thread
    watch.start()
    assert watch._thread is thread
    assert thread.daemon
    reactor.run_one()
    watch.stop()
    watch.stop()
    assert not thread.is_alive()
    assert gc.callbacks == before


def test_it_stops_while_it_waits_for_a_reactor_that_is_stuck(watch, reactor):
    watch.start()
    thread = watch._thread
    reactor.calls.get(timeout=20)
    watch.stop()
    assert not thread.is_alive()


def test_a_daemon_says_which_function_stalls_it(tmp_path, real_daemon, free_port):
    import socket

    port = free_port()
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "p.yaml").write_text(YAML.format(port=port))
    daemon = real_daemon(tmp_path / "p.yaml").ready()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"x\n")
        assert client.recv(10) == b"x\n"
    daemon.expect(r"the event loop stood still for 0\.[3-9]\d* s.*take_a_nap")
    assert daemon.stop() == 0
