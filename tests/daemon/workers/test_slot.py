from __future__ import annotations

import signal
import socket

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import LogLevel, capturedLogs, formatEvent

from protocols.daemon.control.operations import OperationError
from protocols.daemon.sockets import BoundSocket
from protocols.daemon.spec.address import Address
from protocols.daemon.workers.backoff import YOUNG
from protocols.daemon.workers.heartbeat import EVERY, HUNG, SILENT
from protocols.daemon.workers.recruits import NotReadyError
from protocols.daemon.workers.slot import LAST_WORDS, Crew, Orders, Slot


class Place:
    """A slot, and what is around it."""

    def __init__(self, time, fake_process) -> None:
        self.time = time
        self.fake_process = fake_process
        self.hired = []
        self.cleared = []
        self.reasons = []
        self.serves = 0
        self.socket = socket.socket()
        self.orders = self.ordered("first")
        crew = Crew(self._hire, lambda: self.orders, time, 2, 0, self.cleared.append)
        self.slot = Slot(1, crew)
        self.slot.on_failure = self.reasons.append
        self.slot.on_serving = self._serves

    def ordered(self, text):
        bound = BoundSocket(Address("tcp", "127.0.0.1", 7000), self.socket)
        return Orders("polyport.yaml", {"polyport.yaml": text}, [{}, {"shop": [bound]}], "text")

    def _hire(self):
        if self.hired and self.hired[-1] is None:
            return fail(NotReadyError("exit status 1"))
        self.hired.append(self.prepared(self.fake_process(100 + len(self.hired))))
        return succeed(self.hired[-1])

    def prepared(self, process):
        return process

    def _serves(self):
        self.serves += 1

    @property
    def process(self):
        return self.hired[-1]

    def later(self, seconds):
        for _ in range(int(seconds / EVERY)):
            self.time.advance(EVERY)


@pytest.fixture
def place(time, fake_process, failures):
    place = Place(time, fake_process)
    yield place
    place.socket.close()
    failures.events.clear()  # deaths are in the log


def test_a_process_gets_its_sockets_and_then_its_orders(place):
    place.slot.start()
    assert [do for do, _ in place.process.link.calls] == ["take", "serve"]
    arguments = place.process.link.calls[1][1]
    assert (arguments["index"], arguments["count"]) == (1, 2)
    assert arguments["texts"] == {"polyport.yaml": "first"}
    assert [one["number"] for one in arguments["sockets"]["shop"]] == [1]
    assert (place.slot.state, place.serves) == ("serving", 1)


def test_one_that_dies_has_a_successor_at_once_and_its_connections_are_forgotten(place):
    place.slot.start()
    place.time.advance(YOUNG)
    place.process.ends("ended by SIGKILL")
    assert place.cleared == [1]
    assert place.reasons == ["ended by SIGKILL"]
    place.time.advance(0)
    assert len(place.hired) == 2
    assert (place.slot.state, place.slot.restarts) == ("serving", 1)


def test_those_that_die_young_wait_ever_longer(place):
    place.slot.start()
    for wait in (0, 0.5, 1, 2):
        count = len(place.hired)
        place.process.ends()
        if wait:
            place.time.advance(wait * 0.9)
            assert (len(place.hired), place.slot.state) == (count, "down")
        place.time.advance(wait * 0.2)
        assert len(place.hired) == count + 1


def test_the_first_that_cannot_even_begin_says_why(place):
    place.hired.append(None)
    place.slot.start()
    assert place.reasons == ["exit status 1"]
    assert place.slot.state == "down"


def test_one_that_cannot_serve_is_dismissed_and_its_reason_told(place):
    def refusing(process):
        process.link.answers["serve"] = OperationError("no such file")
        return process

    place.prepared = refusing
    place.slot.start()
    assert place.process.link.asked("retire") == 1
    place.time.advance(LAST_WORDS)
    assert place.process.signals == [signal.SIGKILL]
    place.process.ends("ended by SIGKILL")
    assert place.reasons == ["no such file"]


def test_one_that_dies_while_it_begins_tells_how(place):
    serving = Deferred()

    def slow(process):
        process.link.answers["serve"] = serving
        return process

    place.prepared = slow
    place.slot.start()
    place.process.ends("ended by SIGSEGV")
    assert place.reasons == ["ended by SIGSEGV"]


def warnings(events):
    return [formatEvent(event) for event in events if event["log_level"] is LogLevel.warn]


def test_silence_is_logged_and_a_process_that_hangs_says_where_and_is_replaced(place):
    silent = ["worker 1 (process 100) has not answered for 10 s"]
    with capturedLogs() as events:
        place.slot.start()
        place.later(100)
        assert warnings(events) == []
        place.process.link.answers["ping"] = Deferred()
        place.later(SILENT + EVERY)
        assert warnings(events) == silent
        assert place.process.signals == []
        place.later(HUNG)
        assert place.process.signals[0] == signal.SIGABRT
        place.time.advance(LAST_WORDS)
        assert signal.SIGKILL in place.process.signals
        place.process.ends("ended by SIGABRT")
        place.time.advance(0)
        assert len(place.hired) == 2
        place.later(SILENT + EVERY)
        assert warnings(events) == silent, "its successor answers"


def test_one_question_is_open_at_a_time(place):
    place.slot.start()
    place.process.link.answers["ping"] = Deferred()
    place.later(SILENT)
    assert place.process.link.asked("ping") == 1


def test_a_reload_hands_over_what_is_new_only(place):
    place.slot.start()
    place.orders = second = place.ordered("second")
    place.slot.commit(second)
    assert [do for do, _ in place.process.link.calls] == ["take", "serve", "commit"]
    assert place.slot.state == "serving"


def test_one_that_does_not_commit_is_replaced_by_one_that_serves_what_is_new(place):
    place.slot.start()
    place.orders = place.ordered("second")
    place.process.link.answers["commit"] = OperationError("nothing was prepared")
    place.slot.commit(place.orders)
    place.process.ends("exit status 0")
    place.time.advance(0)
    assert place.process.link.calls[1][1]["texts"] == {"polyport.yaml": "second"}


def test_one_that_has_begun_with_what_a_reload_replaced_is_replaced(place):
    serving = Deferred()

    def slow(process):
        process.link.answers["serve"] = serving
        return process

    place.prepared = slow
    place.slot.start()
    place.orders = place.ordered("second")
    place.prepared = lambda process: process
    serving.callback(None)
    assert place.process.link.asked("retire") == 1
    place.process.ends("exit status 0")
    place.time.advance(0)
    assert place.process.link.calls[1][1]["texts"] == {"polyport.yaml": "second"}


def test_the_last_one_has_no_successor(place):
    place.slot.start()
    ended = place.slot.stop()
    assert place.process.link.asked("stop") == 1
    place.process.ends("exit status 0")
    assert ended.called
    place.later(60)
    assert len(place.hired) == 1
    assert place.reasons == []
    assert not place.time.getDelayedCalls()
