"""A task that waits for what it reads."""

from __future__ import annotations

from twisted.internet.defer import Deferred


class Sleeper:
    """One task, which sleeps until somebody wakes it."""

    __slots__ = ("_sleep",)

    def __init__(self) -> None:
        self._sleep: Deferred[None] | None = None

    def sleep(self) -> Deferred[None]:
        """Fires with the next :meth:`wake`; whoever cancels it can sleep again.

        Raises :class:`RuntimeError` if another sleeps here.
        """
        if self._sleep is not None:
            raise RuntimeError("two tasks cannot read one subscription at a time")
        self._sleep = Deferred(self._left)
        return self._sleep

    def wake(self) -> None:
        """There is something to see to, if anybody waits for it."""
        sleep, self._sleep = self._sleep, None
        if sleep is not None:
            sleep.callback(None)

    def _left(self, _: Deferred[None]) -> None:
        self._sleep = None
