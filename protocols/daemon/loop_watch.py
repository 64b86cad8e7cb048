"""How long the event loop keeps others waiting, and where it was when that was too long."""

from __future__ import annotations

import gc
import sys
import threading
import time
import traceback
from itertools import takewhile
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple

from twisted.logger import Logger

log = Logger(namespace="polyport")

PERIOD: Final = 0.1
"""Seconds from one sign of life to the next: ten a second cost a two-thousandth of a processor."""

STALL: Final = 0.1
"""Seconds that are too long: people notice, and a hundred clients wait, each of whom had nothing to do with
what takes so long."""

FRAMES: Final = 30
"""Frames of a stack that are shown, from the loop inwards, the innermost: some ten are the carrier's."""

WARN_EVERY: Final = 10.0
"""Seconds between two warnings of the same place: a function that stalls mostly does so at each call."""

PLACES: Final = 256
"""Places that are remembered for that."""

POLLING: Final = frozenset(
    {
        "protocols.reactor.reactor",
        "selectors",
        "twisted.internet.epollreactor",
        "twisted.internet.pollreactor",
        "twisted.internet.selectreactor",
    }
)
"""Modules whose functions wait for events, and do nothing else that takes time."""

FINISH: Final = 1.0
"""Seconds the thread may take to end."""


class Stall(NamedTuple):
    """The loop did not get round for too long."""

    seconds: float
    collecting: float
    """Seconds of those in the garbage collector."""
    place: str
    """The function that ran after :data:`STALL` seconds, with its file and line; empty if it was over before
    anybody could look."""
    stack: str


class LoopWatch:
    """Asks the reactor for a sign of life again and again, from a thread.

    .. attribute:: lag

       Seconds that the last sign took.

    .. attribute:: stalls

       How many took :data:`STALL` seconds or more.

    .. attribute:: pauses

       How many took so long because the process did not run: it was stopped (SIGSTOP, a frozen control
       group), or others had the processor.  They are no stalls.

    :param reactor: the one to watch (IReactorFromThreads).
    """

    def __init__(self, reactor: Any) -> None:
        self.lag = 0.0
        self.stalls = self.pauses = 0
        self._reactor = reactor
        self._watched = 0
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._alive = threading.Event()
        self._answered_at = 0.0
        self._outermost: list[CodeType] = []
        self._collected = 0.0
        self._collecting_since: float | None = None
        self._warned: dict[str, tuple[float, int]] = {}

    def start(self) -> None:
        """Begin; in the reactor's thread, once it runs."""
        if self._thread is None:
            self._watched = threading.get_ident()
            self._stopping.clear()
            gc.callbacks.append(self._collects)
            # One that the end of the process does not wait for.
            self._thread = threading.Thread(target=self._run, name="polyport loop watch", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            self._alive.set()
            thread.join(FINISH)
            gc.callbacks.remove(self._collects)

    # -- in the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.wait(PERIOD):
            self.look()

    def look(self) -> None:
        """Ask for one sign of life, and wait for it."""
        self._alive.clear()
        collected, used = self._collected, time.process_time()
        asked = time.monotonic()
        self._reactor.callFromThread(self._answer)
        place = stack = ""
        was_late = False
        if not self._alive.wait(STALL):
            # Nor did this thread run on time, if the process did not, or somebody kept the interpreter.
            # Or the loop waits for the kernel, and has not been woken yet, because others have the processor.
            was_late = time.monotonic() - asked >= 2 * STALL or self._waits()
            place, stack = self._where()
            while not (self._alive.wait(FINISH) or self._stopping.is_set()):
                pass
        if self._stopping.is_set():
            return
        lag = self._answered_at - asked
        if was_late and time.process_time() - used < lag / 2:
            self._reactor.callFromThread(self._paused, lag)
        else:
            self._reactor.callFromThread(
                self._heard, Stall(lag, max(self._collected - collected, 0.0), place, stack)
            )

    def _waits(self) -> bool:
        """Whether the reactor's thread is where a reactor waits for events, and in nobody's code."""
        frame = sys._current_frames().get(self._watched)
        return frame is not None and frame.f_globals.get("__name__") in POLLING

    def _where(self) -> tuple[str, str]:
        """The place where the reactor's thread is, and the stack from the loop to there."""
        frame = sys._current_frames().get(self._watched)
        if frame is None:
            return "", ""
        code = frame.f_code
        frames = traceback.extract_stack(frame)[self._led_to_the_loop(frame) :][-FRAMES:]
        return f"{code.co_qualname}, {code.co_filename}:{frame.f_lineno}", "".join(
            traceback.format_list(frames)
        ).rstrip()

    def _led_to_the_loop(self, frame: FrameType) -> int:
        """How many outer frames of a stack are in every one, and say nothing."""
        pairs = zip(self._outermost, _codes(frame)[:-1], strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], pairs))

    # -- in the reactor's thread ---------------------------------------------------------------------

    def _answer(self) -> None:
        self._answered_at = time.monotonic()
        self._alive.set()
        if not self._outermost:
            self._outermost = _codes(sys._getframe())

    def _collects(self, phase: str, info: dict[str, int]) -> None:
        """The garbage collector begins or ends (gc.callbacks)."""
        if info["generation"] < 2:
            return  # short, and very many
        now = time.monotonic()
        if phase == "start":
            self._collecting_since = now
        elif self._collecting_since is not None:
            self._collected += now - self._collecting_since
            self._collecting_since = None

    def _paused(self, seconds: float) -> None:
        self.pauses += 1
        log.info("the process did not run for {seconds:.2f} s", seconds=seconds)

    def _heard(self, stall: Stall) -> None:
        self.lag = stall.seconds
        if stall.seconds >= STALL:
            self.stalls += 1
            self._warn(stall)

    def _warn(self, stall: Stall) -> None:
        now = time.monotonic()
        warned_at, untold = self._warned.get(stall.place, (-WARN_EVERY, 0))
        if now - warned_at < WARN_EVERY:
            self._warned[stall.place] = warned_at, untold + 1
            return
        if len(self._warned) >= PLACES:
            self._warned.clear()
        self._warned[stall.place] = now, 0
        of_that = f", {stall.collecting:.2f} s of that in the garbage collector" if stall.collecting else ""
        log.warn(
            "the event loop stood still for {seconds:.2f} s{of_that}{more}; after {after} s it was "
            "{where}{stack}",
            seconds=round(stall.seconds, 3),
            of_that=of_that,
            more=f" ({untold} more like it since the last warning)" if untold else "",
            after=STALL,
            where=f"in {stall.place}" if stall.place else "not to be seen where",
            place=stall.place,
            stack=f"\n{stall.stack}" if stall.stack else "",
        )


def _codes(innermost: FrameType) -> list[CodeType]:
    """What runs in a stack, the outermost first."""
    codes = []
    frame: FrameType | None = innermost
    while frame is not None:
        codes.append(frame.f_code)
        frame = frame.f_back
    return codes[::-1]
