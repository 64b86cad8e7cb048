"""Something that happens once, and that any number of others wait for."""

from __future__ import annotations

from typing import Generic, TypeVar

from twisted.internet.defer import Deferred, succeed

Value = TypeVar("Value")


class Occurrence(Generic[Value]):
    """What has not happened yet, or has, with a value."""

    def __init__(self) -> None:
        self._values: list[Value] = []
        self._waiting: list[Deferred[Value]] = []

    def happened(self, value: Value) -> None:
        """It has happened: whoever waits hears of it now, in the order in which they asked."""
        self._values.append(value)
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(value)

    def when(self) -> Deferred[Value]:
        """Fires with the value, at once if it has happened already."""
        if self._values:
            return succeed(self._values[0])
        waiting: Deferred[Value] = Deferred()
        self._waiting.append(waiting)
        return waiting
