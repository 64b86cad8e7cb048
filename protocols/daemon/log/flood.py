"""Floods: what is said over and over is written a number of times, and then only counted."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Final

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from twisted.python.failure import Failure
from zope.interface import implementer

PERIOD: Final = 10.0
"""Seconds for which lines of one kind are counted: one line more says then what was left out, which is soon
enough for somebody who watches."""

BURST: Final = 100
"""Lines of one kind that are written in a period: more than any kind has that comes with the start or the end
of a service, and few enough that a disk holds a day of them (0.9 million lines a kind)."""

TRACEBACKS: Final = 10
"""The same of failures of one place in the code, which are as long as 50 lines, and all alike."""

DEBUG_BURST: Final = 1000
"""The same at debug: who asks for that wants to see single connections, though no flood of them."""

KINDS: Final = 1000
"""Kinds that are told apart in one period; what comes after those is one kind, so that texts of which none is
like another cannot fill the memory."""

EXEMPT: Final = "polyport.access"
"""The access log has a line for each request, or is no access log."""

SLACK: Final = 0.1
"""Seconds by which the clock that calls us may differ from ours."""

_OF_OTHERS: Final = {"{log_text}": "log_text", "{log_io}": "log_io"}
"""What is printed, and what is said by way of twisted.python.log, has one format for everything."""

_DIGITS: Final = re.compile(r"\d+")


@dataclass(slots=True)
class _Kind:
    seen: int = 0
    last: LogEvent | None = None
    """The last that was left out."""
    left_out: int = 0


@implementer(ILogObserver)
class Flood:
    """Passes events on to `observer`, but not more of a kind than are of use.

    A kind is a message's format, level, service and channel, and for failures the place in the code where
    they were raised.  The first of a kind always passes.  What is critical, and no failure, passes always: it
    is what the daemon ends of.

    :param later: called with a number of seconds and a function to call then, from whatever thread something
        is logged in; ``None``: what was left out is said with the next event of the next period.
    """

    def __init__(
        self,
        observer: ILogObserver,
        *,
        clock: Callable[[], float] = time.monotonic,
        later: Callable[[float, Callable[[], None]], object] | None = None,
    ) -> None:
        self._observer = observer
        self._clock = clock
        self._later = later
        self._lock = Lock()
        self._until = clock() + PERIOD
        self._kinds: dict[Hashable, _Kind] = {}
        self._waits = False

    def __call__(self, event: LogEvent) -> None:
        if event.get("log_namespace") == EXEMPT:
            self._observer(event)
            return
        kind = _kind(event)
        with self._lock:
            summaries = self._summaries()
            passes = kind is None or self._counts(kind, event)
            begins = not passes and not self._waits
            self._waits = self._waits or begins
        for summary in summaries:
            self._observer(summary)
        if passes:
            self._observer(event)
        if begins and self._later is not None:
            self._later(PERIOD + SLACK, self.tell)

    def tell(self) -> None:
        """Say what was left out in a period that is over."""
        with self._lock:
            summaries = self._summaries()
        for summary in summaries:
            self._observer(summary)

    def close(self) -> None:
        """Say what was left out, whether the period is over or not."""
        with self._lock:
            self._until = self._clock()
            summaries = self._summaries()
        for summary in summaries:
            self._observer(summary)

    def _counts(self, identity: Hashable, event: LogEvent) -> bool:
        """Whether `event` is one of those that are written."""
        if identity not in self._kinds and len(self._kinds) >= KINDS:
            identity = None
        kind = self._kinds.setdefault(identity, _Kind())
        kind.seen += 1
        if kind.seen <= _burst(event):
            return True
        kind.left_out += 1
        # Without what its frames hold on to.
        kind.last = {name: value for name, value in event.items() if name != "log_failure"}
        return False

    def _summaries(self) -> list[LogEvent]:
        """What there is to say of the last period, if it is over."""
        now = self._clock()
        if now < self._until:
            return []
        summaries = list(self._told())
        self._kinds.clear()
        self._until = now + PERIOD
        self._waits = False
        return summaries

    def _told(self) -> Iterator[LogEvent]:
        for kind in self._kinds.values():
            if kind.last is not None:
                yield _summary(kind.last, kind.left_out)


def _burst(event: LogEvent) -> int:
    if isinstance(event.get("log_failure"), Failure):
        return TRACEBACKS
    return DEBUG_BURST if event.get("log_level") is LogLevel.debug else BURST


def _kind(event: LogEvent) -> Hashable | None:
    """What is the same for events of one kind; ``None`` for those that are not counted."""
    failure, level = event.get("log_failure"), event.get("log_level")
    place = _place(failure) if isinstance(failure, Failure) else None
    if place is None and level is LogLevel.critical:
        return None
    form = event.get("log_format")
    if isinstance(form, str) and form in _OF_OTHERS:
        form = _DIGITS.sub("", str(event.get(_OF_OTHERS[form])))
    # Others than we may call anything so.
    about = tuple([str(event.get(name)) for name in ("log_namespace", "service", "route", "channel")])
    return (about, str(level), str(form), place)


def _place(failure: Failure) -> tuple[object, ...]:
    """The kind of error, and where it was raised."""
    traceback = failure.getTracebackObject()
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return (failure.type,)
    return (failure.type, traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)


def _summary(last: LogEvent, number: int) -> LogEvent:
    """An event that stands for `number` that were left out, `last` being the last of them."""
    summary = {
        name: value
        for name, value in last.items()
        if name in ("log_level", "log_namespace", "service", "route", "log_system")
    }
    return summary | {
        "log_time": time.time(),
        "log_format": "… {left_out} more like this in the last {seconds:g} s: {like}",
        "left_out": number,
        "seconds": PERIOD,
        "like": formatEvent(last),
    }
