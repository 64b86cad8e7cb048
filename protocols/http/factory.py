"""HTTP/1.1 over every stream connection that a factory is asked to build."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocolNegotiationFactory,
    IReactorTime,
)
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.http.channel import Channel
from protocols.http.contract import Route
from protocols.http.errors import HTTPError
from protocols.http.site import Site
from protocols.journal import Journal
from protocols.roster import Roster

ALPN: Final = (b"http/1.1",)
"""What is spoken inside TLS (RFC 7301)."""

IDLE = 60.0
"""Seconds that a connection may stay without a request, or with a client that does not read: long enough
for the next click, short enough that forgotten ones do not pile up."""

CONNECTIONS = 1000
"""Connections of one factory at a time: well below the 1024 descriptors a process commonly may open."""

BODY = 1024 * 1024
"""Bytes of a request's body, which is held in memory until it is whole."""

SWEEP = 1.0
"""Seconds between two looks at the connections: how exact their deadlines are."""


@implementer(IProtocolNegotiationFactory)
class HTTPFactory(Factory):
    """Serves `routes` (by path, see :class:`~protocols.http.routing.RoutingTable`).

    One factory serves all the addresses of a service, plain, wrapped in TLS or on Unix sockets.

    :param clock: where time comes from: a reactor.
    :param idle: seconds a connection may be without a request, or its client without reading; 0 for ever.
    :param connections: how many may be open at a time; more are closed as they come.
    :param body: bytes of the longest body of a request; a longer one is answered with 413.

    Raises :class:`ValueError` for paths that do not fit.
    """

    noisy = False

    def __init__(
        self,
        routes: Mapping[str, Route],
        *,
        journal: Journal,
        clock: IReactorTime,
        idle: float = IDLE,
        connections: int = CONNECTIONS,
        body: int = BODY,
    ) -> None:
        self.site = Site(routes, journal)
        self.journal = journal
        self.clock = clock
        self.idle = idle
        self.limit = connections
        self.body = body
        self.connections: Roster[Channel] = Roster()
        self.draining = False
        self._sweep: IDelayedCall | None = None

    def buildProtocol(  # type: ignore[override]  # a protocol that knows its factory by its own class
        self, addr: IAddress | None
    ) -> Channel | None:
        if self.draining or len(self.connections) >= self.limit:
            self.journal.refused("draining" if self.draining else f"{self.limit} are open")
            return None
        channel = Channel()
        channel.factory = self
        return channel

    def acceptableProtocols(self) -> list[bytes]:  # noqa: N802 - Twisted's name
        """What is offered in ALPN (IProtocolNegotiationFactory)."""
        return list(ALPN)

    def log(self, request: object) -> None:
        """twisted.web reports every request that was answered; nobody keeps an access log."""

    def joined(self, channel: Channel) -> None:
        self.connections.add(channel)
        self.journal.opened(channel.peer)
        if self._sweep is None:
            self._sweep = self.clock.callLater(SWEEP, self._look)

    def left(self, channel: Channel, reason: Failure) -> None:
        cause = None if reason.check(error.ConnectionDone) else reason.value
        self.journal.closed(channel.peer, cause if isinstance(cause, Exception) else None)
        self.connections.remove(channel)
        if not self.connections and self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def refused_request(self, channel: Channel, status: int) -> None:
        """A request was not even read to its end."""
        self.journal.framing_error(channel.peer, HTTPError(status))

    def drain(self) -> Deferred[None]:
        """Answer what has been asked, and nothing more; fires when the last connection is gone."""
        self.draining = True
        for channel in self.connections:
            channel.drain()
        return self.connections.emptied()

    def abort(self) -> None:
        """Close every connection at once."""
        for channel in self.connections:
            channel.abort()

    def stop(self) -> None:
        """End the threads and processes of the routes; for when every connection is gone."""
        self.site.stop()

    def _look(self) -> None:
        self._sweep = self.clock.callLater(SWEEP, self._look)
        now = self.clock.seconds()
        for channel in self.connections:
            channel.check_time(now)
