"""What is asked of a store whose servers may be away."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from twisted.internet.defer import CancelledError, Deferred, fail, maybeDeferred
from twisted.python.failure import Failure

from protocols.channels.errors import UnavailableError
from protocols.handlers.coroutines import runner

T = TypeVar("T")

PATIENCE: Final = 5.0
"""Seconds that whoever asks waits for NATS to be back before he is told that it is not."""

CLOSED: Final = "the channel is closed"


class Asking:
    """Does what it is asked as soon as it is :meth:`ready`.

    :param why: why it is not, in words.

    .. attribute:: is_ready

       Whether everything is there.
    """

    def __init__(self, reactor: Any, why: Callable[[], str]) -> None:
        self.is_ready = False
        self._reactor = reactor
        self._why = why
        self._run = runner(reactor)
        self._is_open = True
        self._waiting: dict[Deferred[None], None] = {}
        self._asked: set[Deferred[Any]] = set()
        self._idle: Deferred[None] | None = None

    def ask(self, what: Callable[[], Coroutine[Any, Any, T]]) -> Deferred[T]:
        """Do it, now or soon; fails with :class:`UnavailableError` where that cannot be."""
        if not self._is_open:
            return fail(UnavailableError(CLOSED))
        asked: Deferred[T] = maybeDeferred(self._run, self._when_ready(what))
        self._asked.add(asked)

        def over(result: T | Failure) -> T | Failure:
            self._asked.discard(asked)
            if isinstance(result, Failure) and result.check(CancelledError):
                result = Failure(UnavailableError(CLOSED))
            self._check_idle()
            return result

        return asked.addBoth(over)

    def ready(self) -> None:
        """Everything is there."""
        self.is_ready = True
        waiting, self._waiting = self._waiting, {}
        for one in waiting:
            one.callback(None)

    def finished(self) -> Deferred[None]:
        """Take nothing more; fires when all of it is done."""
        self._is_open = False
        self._idle = idle = Deferred[None]()
        self._check_idle()
        return idle

    def refuse(self, error: UnavailableError) -> None:
        """Do nothing of what has to wait."""
        waiting, self._waiting = self._waiting, {}
        for one in waiting:
            one.errback(error)

    def close(self) -> None:
        """Do no more of it."""
        self._is_open = False
        for asked in tuple(self._asked):
            asked.cancel()

    async def _when_ready(self, what: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if not self.is_ready:
            waiting: Deferred[None] = Deferred()
            self._waiting[waiting] = None
            late = self._reactor.callLater(PATIENCE, self._give_up, waiting)
            try:
                await waiting
            finally:
                self._waiting.pop(waiting, None)
                if late.active():
                    late.cancel()
        return await what()

    def _give_up(self, waiting: Deferred[None]) -> None:
        del self._waiting[waiting]
        waiting.errback(UnavailableError(self._why()))

    def _check_idle(self) -> None:
        if self._idle is not None and not self._asked:
            idle, self._idle = self._idle, None
            idle.callback(None)
