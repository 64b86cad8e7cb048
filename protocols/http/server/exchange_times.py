"""When the parts of one request and its response came, and what is counted of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.latency import PERIOD

if TYPE_CHECKING:
    from protocols.http.server.factory import HTTPFactory


class ExchangeTimes:
    """The part of an exchange that knows the time."""

    __slots__ = ("_factory", "_measured", "asked_at", "begun_at", "first_at")

    def __init__(self, factory: HTTPFactory) -> None:
        self._factory = factory
        self._measured = False
        """Whether it is noted how long the answer takes."""
        self.begun_at = self.first_at = 0.0
        """When the request began, and the head of the response left; by the factory's clock, 0 if that is yet
        to come, or nobody wants to know."""
        self.asked_at = -1.0
        """When its route was asked; negative if that is yet to come."""

    def asks(self, now: float) -> None:
        """The route is asked."""
        self.asked_at = now
        if now >= self._factory.measure_at:
            self._factory.measure_at = now + PERIOD
            self._measured = True

    def head_leaves(self, status: int) -> None:
        """The head of the response is on its way."""
        factory = self._factory
        factory.counts.responses[status // 100] += 1
        if factory.logs or self._measured or factory.tap.watched:
            self.first_at = now = factory.clock.seconds()
            if self._measured:
                self._measured = False
                factory.journal.latency.observe(now - self.asked_at)
