"""What is said over and over is written a number of times, and then only counted."""

from __future__ import annotations

from threading import Thread

import pytest
from twisted.logger import Logger, LogLevel, formatEvent
from twisted.python.failure import Failure

from protocols.daemon.log.flood import BURST, DEBUG_BURST, EXEMPT, KINDS, PERIOD, SLACK, TRACEBACKS, Flood


class Setting:
    """A flood whose clock and timers the test moves."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []
        self.now = 1000.0
        self.timers: list[tuple[float, object]] = []
        self.flood = Flood(
            self.events.append,
            clock=lambda: self.now,
            later=lambda seconds, call: self.timers.append((seconds, call)),
        )
        self.log = self.logger("polyport")

    def logger(self, namespace: str) -> Logger:
        return Logger(namespace, observer=self.flood)

    @property
    def texts(self) -> list[str]:
        return [formatEvent(event) for event in self.events]

    def fail(self, raising, times: int) -> None:
        for _ in range(times):
            try:
                raising()
            except ArithmeticError:
                self.log.failure("{service}: it failed", failure=Failure(), service="a")


@pytest.fixture
def setting():
    return Setting()


def test_one_kind_is_written_a_number_of_times(setting):
    for number in range(BURST + 7):
        setting.log.warn("{service}: {number} refused", service="a", number=number)
    assert setting.texts == [f"a: {number} refused" for number in range(BURST)]


def test_what_was_left_out_is_said_with_the_next_event(setting):
    for number in range(BURST + 7):
        setting.log.warn("{service}: {number} refused", service="a", number=number)
    setting.now += PERIOD
    setting.log.info("hello")
    *_, summary, hello = setting.events
    assert formatEvent(hello) == "hello"
    assert formatEvent(summary) == f"… 7 more like this in the last 10 s: a: {BURST + 6} refused"
    assert summary["log_level"] is LogLevel.warn
    assert (summary["service"], summary["log_namespace"], summary["left_out"]) == ("a", "polyport", 7)


def test_or_by_a_timer_where_there_is_none(setting):
    for _ in range(BURST + 7):
        setting.log.warn("again")
    [(seconds, call)] = setting.timers
    assert seconds == PERIOD + SLACK
    setting.now += seconds
    call()
    assert setting.texts[BURST:] == ["… 7 more like this in the last 10 s: again"]
    call()
    assert len(setting.events) == BURST + 1


def test_a_timer_of_a_period_that_an_event_has_ended_does_not_end_the_next(setting):
    for _ in range(BURST + 1):
        setting.log.warn("again")
    setting.now += PERIOD
    for _ in range(BURST + 1):
        setting.log.warn("again")
    assert len(setting.events) == 2 * BURST + 1
    (_, old), (_, new) = setting.timers
    setting.now += SLACK
    old()
    setting.log.warn("again")
    assert len(setting.events) == 2 * BURST + 1
    setting.now += PERIOD
    new()
    assert setting.texts[-1] == "… 2 more like this in the last 10 s: again"


def test_the_end_says_what_was_left_out_before_its_time(setting):
    for _ in range(BURST + 7):
        setting.log.warn("again")
    setting.flood.close()
    assert setting.texts[BURST:] == ["… 7 more like this in the last 10 s: again"]


def test_every_period_begins_anew(setting):
    for _ in range(3):
        for _ in range(BURST):
            setting.log.warn("again")
        setting.now += PERIOD
    assert setting.texts == ["again"] * (3 * BURST)
    assert setting.timers == []


def test_kinds_do_not_count_for_each_other(setting):
    for service in "ab":
        for level in (LogLevel.info, LogLevel.warn):
            for _ in range(BURST + 1):
                setting.log.emit(level, "{service}: again", service=service)
    assert len(setting.events) == 4 * BURST


def test_channels_do_not_count_for_each_other(setting):
    for channel in "ab":
        for _ in range(BURST + 1):
            setting.log.warn("{channel}: again", channel=channel)
    assert len(setting.events) == 2 * BURST


def test_debug_may_say_more(setting):
    for _ in range(DEBUG_BURST + 1):
        setting.log.debug("again")
    assert len(setting.events) == DEBUG_BURST


def test_an_error_in_one_line_is_a_kind_like_others(setting):
    for _ in range(BURST + 1):
        setting.log.error("{service}: the answer is late", service="a")
    assert len(setting.events) == BURST


def test_failures_of_one_place_are_one_kind(setting):
    setting.fail(lambda: 1 / 0, TRACEBACKS + 3)
    setting.fail(lambda: 1 % 0, 1)
    assert setting.texts == ["a: it failed"] * (TRACEBACKS + 1)
    setting.flood.close()
    assert setting.texts[-1] == "… 3 more like this in the last 10 s: a: it failed"
    assert "log_failure" not in setting.events[-1]


def test_what_the_daemon_ends_of_is_always_written(setting):
    for _ in range(2 * BURST):
        setting.log.critical("cannot start: {service}", service="a")
    assert len(setting.events) == 2 * BURST


def test_the_access_log_is_whole(setting):
    access = setting.logger(EXEMPT)
    for _ in range(2 * BURST):
        access.info("{service}: GET /", service="a")
    assert len(setting.events) == 2 * BURST


@pytest.mark.parametrize("key", ["log_text", "log_io"])
def test_what_others_print_differs_by_its_text(setting, key):
    printed = setting.logger("stdout")
    for number in range(BURST):
        printed.info(f"{{{key}}}", **{key: f"step {number}"})
        printed.info(f"{{{key}}}", **{key: f"round {number}"})
    assert len(setting.events) == 2 * BURST
    printed.info(f"{{{key}}}", **{key: "step 1000"})
    assert len(setting.events) == 2 * BURST


def test_texts_of_which_none_is_like_another_do_not_fill_the_memory(setting):
    for number in range(KINDS + BURST + 5):
        setting.log.info(f"text {number}")
    assert len(setting.events) == KINDS + BURST
    setting.now += PERIOD
    setting.log.info("text 1")
    assert setting.texts[-2:] == [
        f"… 5 more like this in the last 10 s: text {KINDS + BURST + 4}",
        "text 1",
    ]


def test_threads_may_log_at_once(setting):
    threads = [Thread(target=lambda: [setting.log.warn("again") for _ in range(BURST)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(setting.events) == BURST
    assert len(setting.timers) == 1
    setting.flood.close()
    assert setting.texts[-1] == f"… {3 * BURST} more like this in the last 10 s: again"


def test_whatever_an_event_holds_it_has_a_kind(setting):
    for number in range(BURST + 1):
        setting.log.info("{service}", service={"number": [number % 1]}, route=b"\xff")
    setting.flood({"log_format": ["no", "format"], "log_level": {}})
    setting.flood({})
    assert len(setting.events) == BURST + 2
