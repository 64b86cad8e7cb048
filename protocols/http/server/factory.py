"""HTTP/1.1 over every stream connection that a factory is asked to build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

from protocols.http.contract import Route
from protocols.http.limits import Limits
from protocols.http.routing import Entry
from protocols.http.server.exchange import Exchange
from protocols.http.server.http1 import HTTP1Connection
from protocols.http.server.request_parser import BadRequestError
from protocols.http.site import Site
from protocols.journal import Journal
from protocols.roster import Roster

ALPN: Final = (b"http/1.1",)
"""What is spoken inside TLS (RFC 7301)."""

CONNECTIONS = 1000
"""Connections of one factory at a time: well below the 1024 descriptors a process commonly may open."""

SWEEP = 1.0
"""Seconds between two looks at the connections: how exact their deadlines are."""


@implementer(IProtocolNegotiationFactory)
class HTTPFactory(Factory):
    """Serves `routes` (by path, see :class:`~protocols.http.routing.RoutingTable`).

    One factory serves all the addresses of a service, plain, wrapped in TLS or on Unix sockets.

    :param clock: where time comes from: a reactor.
    :param limits: what one connection may ask.
    :param connections: how many may be open at a time; more are closed as they come.

    Raises :class:`ValueError` for paths that do not fit.
    """

    noisy = False

    def __init__(
        self,
        routes: Mapping[str, Route | Sequence[Entry]],
        *,
        journal: Journal,
        clock: IReactorTime,
        limits: Limits | None = None,
        connections: int = CONNECTIONS,
    ) -> None:
        self.site = Site(routes, journal)
        self.journal = journal
        self.clock = clock
        self.limits = limits or Limits()
        self.limit = connections
        self.connections: Roster[HTTP1Connection] = Roster()
        self.draining = False
        self._sweep: IDelayedCall | None = None

    def buildProtocol(  # type: ignore[override]  # a protocol that knows its factory by its own class
        self, addr: IAddress | None
    ) -> HTTP1Connection | None:
        if self.draining or len(self.connections) >= self.limit:
            self.journal.refused("draining" if self.draining else f"{self.limit} are open")
            return None
        connection = HTTP1Connection()
        connection.factory = self
        return connection

    def acceptableProtocols(self) -> list[bytes]:  # noqa: N802 - Twisted's name
        """What is offered in ALPN (IProtocolNegotiationFactory)."""
        return list(ALPN)

    def answered(self, exchange: Exchange) -> None:
        """A response has been written."""

    def joined(self, connection: HTTP1Connection) -> None:
        self.connections.add(connection)
        self.journal.opened(connection.peer)
        if self._sweep is None:
            self._sweep = self.clock.callLater(SWEEP, self._look)

    def left(self, connection: HTTP1Connection, reason: Failure) -> None:
        cause = None if reason.check(error.ConnectionDone) else reason.value
        self.journal.closed(connection.peer, cause if isinstance(cause, Exception) else None)
        self.connections.remove(connection)
        if not self.connections and self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def refused_request(self, connection: HTTP1Connection, error: BadRequestError) -> None:
        """A request was not even read to its end."""
        self.journal.framing_error(connection.peer, error)

    def drain(self) -> Deferred[None]:
        """Answer what has been asked, and nothing more; fires when the last connection is gone."""
        self.draining = True
        self.site.drain()
        for connection in self.connections:
            connection.drain()
        return self.connections.emptied()

    def abort(self) -> None:
        """Close every connection at once."""
        for connection in self.connections:
            connection.abort()

    def stop(self) -> None:
        """End the threads and processes of the routes; for when every connection is gone."""
        self.site.stop()

    def _look(self) -> None:
        self._sweep = self.clock.callLater(SWEEP, self._look)
        now = self.clock.seconds()
        for connection in self.connections:
            connection.check_time(now)
