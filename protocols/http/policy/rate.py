"""How often a route may be asked."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from protocols.http.contract import Answer, Route
from protocols.http.errors import HTTPError
from protocols.http.policy.around import AroundRoute
from protocols.http.request import StreamingRequest
from protocols.journal import Journal
from protocols.session import Peer
from protocols.source import source_of
from protocols.token_buckets import Buckets


def by_source(peer: Peer) -> str:
    """One share for each :func:`~protocols.source.source_of`."""
    return source_of(peer.host)


def by_user(peer: Peer) -> str:
    """One share for each user; those of whom nothing is known have one together."""
    return peer.user or ""


class RateRoute(AroundRoute):
    """Lets each client ask `inner` as often as `buckets` grants; more is status 429 (RFC 6585, section 4).

    :param key: which bucket a peer takes from: :func:`by_source` or :func:`by_user`.
    """

    def __init__(
        self,
        inner: Route,
        buckets: Buckets,
        *,
        clock: IReactorTime,
        journal: Journal,
        key: Callable[[Peer], str] = by_source,
    ) -> None:
        super().__init__(inner)
        self._buckets = buckets
        self._clock = clock
        self._journal = journal
        self._key = key

    def respond(self, request: StreamingRequest, rest: str) -> Answer | Deferred[Any]:
        wait = self._buckets.take(self._key(request.peer), self._clock.seconds())
        if wait:
            self._journal.counts.limited += 1
            raise too_often(wait)
        return self._inner.respond(request, rest)


def too_often(wait: float) -> HTTPError:
    """What tells a client to wait some seconds."""
    seconds = max(1, ceil(wait))
    detail = f"Too many requests: try again in {seconds} s"
    return HTTPError(429, detail, {"Retry-After": str(seconds)})
