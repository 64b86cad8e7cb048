"""asyncio's event loop inside a Twisted reactor."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from selectors import BaseSelector
from types import FrameType
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure

log = Logger()


class EventLoop(asyncio.SelectorEventLoop):
    """The loop that asyncio's libraries find in a :class:`~protocols.reactor.Reactor`.

    Two things differ from any other ``SelectorEventLoop``.  Signals leave the process's one wake-up file
    (:func:`signal.set_wakeup_fd`) to Twisted, which learns by it of children that have ended.  And what
    nobody catches goes to Twisted's log.
    """

    def __init__(self, selector: BaseSelector) -> None:
        super().__init__(selector)
        self._before: dict[int, Any] = {}
        self.set_exception_handler(_report)

    def __del__(self) -> None:
        # A reactor lives as long as its process; one that a test made goes without being closed.
        if not self.is_closed():
            self.close()

    def close(self) -> None:
        super().close()  # which refuses while the loop runs
        for number in list(self._before):
            self.remove_signal_handler(number)

    def add_signal_handler(  # type: ignore[override]  # more than asyncio's annotations can say
        self, sig: int, callback: Callable[..., object], *args: Any
    ) -> None:
        """Call `callback` in the loop when the signal `sig` comes.

        Raises ValueError and RuntimeError as asyncio's does: for a number that is no signal, and for a
        signal that cannot be caught or a thread that is not the main one.
        """
        if asyncio.iscoroutine(callback) or asyncio.iscoroutinefunction(callback):
            raise TypeError("a signal handler must not be a coroutine")

        def came(number: int, frame: FrameType | None) -> None:
            self.call_soon_threadsafe(callback, *args)

        number = _signal(sig)
        try:
            before = signal.signal(number, came)
        except (OSError, ValueError) as error:
            raise RuntimeError(f"signal {number} cannot be handled: {error}") from error
        self._before.setdefault(number, before)

    def remove_signal_handler(self, sig: int) -> bool:
        """Undo :meth:`add_signal_handler`; whether there was anything to undo.

        What handled the signal before does so again, most often Twisted, where asyncio's own would leave
        the system's default.
        """
        number = _signal(sig)
        if number not in self._before:
            return False
        before = self._before.pop(number)
        signal.signal(number, signal.SIG_DFL if before is None else before)
        return True


def _signal(number: int) -> int:
    if not isinstance(number, int):
        raise TypeError(f"a signal is a number, not {number!r}")
    if number not in signal.valid_signals():
        raise ValueError(f"there is no signal {number}")
    return number


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    failure = {"log_failure": Failure(error)} if isinstance(error, BaseException) else {}
    what = context.get("future") or context.get("task") or context.get("handle") or context.get("protocol")
    log.error("asyncio: {message} ({what})", message=context["message"], what=what, **failure)
