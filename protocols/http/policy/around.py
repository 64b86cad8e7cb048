"""What all policies have in common: the route inside."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from protocols.http.contract import Answer, Draining, Route
from protocols.http.request import StreamingRequest


class AroundRoute:
    """A route around another, which it stands for.

    Raises :class:`ValueError` for an inner route that wants its content whole: a
    :class:`~protocols.http.policy.collecting.CollectingRoute` goes around that one first.
    """

    streams = True

    def __init__(self, inner: Route) -> None:
        if not inner.streams:
            raise ValueError("a policy is asked before the content comes: put a CollectingRoute inside")
        self._inner = inner
        self._dress_inside = getattr(inner, "dress", None)
        self.methods = inner.methods
        self.subtree = inner.subtree
        self.answers_preflights: bool = getattr(inner, "answers_preflights", False)

    @property
    def inner(self) -> Route:
        """The route that this one stands for."""
        return self._inner

    def respond(self, request: StreamingRequest, rest: str) -> Answer | Deferred[Any]:
        return self._inner.respond(request, rest)

    def dress(self, request: Any, answer: Answer) -> Answer:
        """`answer`, which the server gives in the place of the route, with what the policies add."""
        return answer if self._dress_inside is None else self._dress_inside(request, answer)

    def drain(self) -> None:
        if isinstance(self._inner, Draining):
            self._inner.drain()

    def stop(self) -> None:
        self._inner.stop()


class DressingRoute(AroundRoute):
    """A route around another, to whose answers it adds something: what :meth:`own` says."""

    def respond(self, request: StreamingRequest, rest: str) -> Answer | Deferred[Any]:
        outcome = self._inner.respond(request, rest)
        if isinstance(outcome, Deferred):
            return outcome.addCallback(lambda answer: self.own(request, answer))
        return self.own(request, outcome)

    def dress(self, request: Any, answer: Answer) -> Answer:
        return self.own(request, super().dress(request, answer))

    def own(self, request: Any, answer: Answer) -> Answer:
        """`answer` with what this policy adds to it."""
        raise NotImplementedError
