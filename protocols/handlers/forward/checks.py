"""Tries targets from time to time, whether or not somebody wants to go there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from protocols.handlers.forward.backend import Backend
from protocols.handlers.forward.endpoint import endpoint_for
from protocols.outgoing_reason import why_unreachable

EVERY: Final = 5.0
"""Seconds between two checks of a target: short enough that it is back soon, and no load for it."""

TIMEOUT: Final = 2.0
"""Seconds that one may take, which only has to connect."""


class HealthChecks:
    """Connects to each of `backends` every so many seconds, and closes the connection.

    :param every: seconds; the first time after as many.
    :param only_down: leaves those alone that are up, of whom clients find out.
    :param greeting: what is said before it is closed, where a target would complain of nothing.
    """

    def __init__(
        self,
        backends: Sequence[Backend],
        *,
        reactor: Any,
        every: float = EVERY,
        timeout: float = TIMEOUT,
        only_down: bool = False,
        greeting: bytes = b"",
    ) -> None:
        self._reactor = reactor
        self._every = every
        self._only_down = only_down
        self._greeting = greeting
        self._checked = [(backend, endpoint_for(backend.target, reactor, timeout)) for backend in backends]
        self._under_way: dict[Backend, Deferred[Any]] = {}
        self._timer: IDelayedCall | None = reactor.callLater(every, self._check)

    def stop(self) -> None:
        """Check no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        under_way, self._under_way = self._under_way, {}
        for attempt in under_way.values():
            attempt.cancel()

    def _check(self) -> None:
        self._timer = self._reactor.callLater(self._every, self._check)
        for backend, endpoint in self._checked:
            if backend in self._under_way or (self._only_down and backend.health.is_up):
                continue
            attempt = self._under_way[backend] = endpoint.connect(_Knocking(self._greeting))
            attempt.addCallbacks(partial(self._reached, backend), partial(self._not_reached, backend))

    def _reached(self, backend: Backend, protocol: object) -> None:
        if self._under_way.pop(backend, None) is not None:
            backend.probed(None)

    def _not_reached(self, backend: Backend, failure: Failure) -> None:
        if self._under_way.pop(backend, None) is not None:
            backend.probed(why_unreachable(failure.value))


class _Knocking(Factory):
    """Makes a connection that is closed at once."""

    noisy = False

    def __init__(self, greeting: bytes) -> None:
        self._greeting = greeting

    def buildProtocol(self, addr: object) -> Protocol:
        return _Knock(self._greeting)


class _Knock(Protocol):
    def __init__(self, greeting: bytes) -> None:
        self._greeting = greeting

    def connectionMade(self) -> None:
        transport: Any = self.transport
        if self._greeting:
            transport.write(self._greeting)
        transport.loseConnection()
