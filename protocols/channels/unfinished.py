"""What somebody waits for: not begun with yet, or under way, and for how long."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from twisted.internet.interfaces import IDelayedCall

from protocols.channels.errors import StalledError, UnavailableError


class Order(Protocol):
    """One thing that is to be done, and whoever waits for it."""

    at: float
    """When it was asked for, as the clock has it."""

    @property
    def is_told(self) -> bool:
        """Whether nobody waits any more."""

    def failed(self, error: Exception) -> None:
        """It is not done."""


AnyOrder = TypeVar("AnyOrder", bound=Order)


class Unfinished(Generic[AnyOrder]):
    """Orders that are not done, none for longer than `patience` seconds.

    One that nobody has begun with by then is given up, and is not done; of one that is under way nobody
    knows, which is what :class:`~protocols.channels.errors.StalledError` says.

    :param slow: what is wrong then, for whoever waits.
    :param unknown: what may have become of one that is under way.
    """

    def __init__(self, clock: Any, *, patience: float, slow: str, unknown: str) -> None:
        self._clock = clock
        self._patience = patience
        self._slow = slow
        self._unknown = unknown
        self._waiting: deque[AnyOrder] = deque()
        self._begun: dict[AnyOrder, None] = {}
        self._watch: IDelayedCall | None = None

    def finish(self, orders: Sequence[AnyOrder]) -> None:
        """These are done with."""
        for order in orders:
            self._begun.pop(order, None)

    def refuse(self, error: UnavailableError) -> None:
        """Nothing that waits will be done."""
        raise NotImplementedError

    def close(self) -> None:
        """Refuse what waits, and watch no longer."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self.refuse(UnavailableError("the channel is closed"))

    def _wait(self, order: AnyOrder) -> None:
        self._waiting.append(order)
        if self._watch is None:
            self._watch = self._clock.callLater(self._patience, self._check)

    def _given_up(self, order: AnyOrder) -> None:
        """It waits no longer."""

    def _check(self) -> None:
        self._watch = None
        now = self._clock.seconds()
        long_ago = now - self._patience
        for order in [one for one in self._begun if one.at <= long_ago]:
            order.failed(StalledError(f"{self._slow}; {self._unknown}"))
        while self._waiting and self._waiting[0].at <= long_ago:
            order = self._waiting.popleft()
            self._given_up(order)
            order.failed(UnavailableError(self._slow))
        times = [one.at for one in self._begun if not one.is_told]
        times += [one.at for one in self._waiting]
        if times:
            self._watch = self._clock.callLater(min(times) + self._patience - now, self._check)
