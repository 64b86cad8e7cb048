"""HTTP over every stream connection that a factory is asked to build."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocolNegotiationFactory,
    IReactorTime,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.connections_factory import ConnectionsFactory
from protocols.http.access_log.access import GIVEN_UP, Access
from protocols.http.access_log.redaction import Redaction
from protocols.http.contract import Route
from protocols.http.forwarded import TrustedProxies
from protocols.http.limits import Limits
from protocols.http.request import RequestHead
from protocols.http.routing import Entry
from protocols.http.server.exchange import Exchange
from protocols.http.server.negotiation import ALPN, Negotiation
from protocols.http.server.tapping import response_left
from protocols.http.site import Site
from protocols.journal import Journal
from protocols.latency import PERIOD
from protocols.open_connection import OpenConnection

CONNECTIONS = 1000
"""Connections of one factory at a time: well below the 1024 descriptors a process commonly may open."""

BAD_REQUEST = 400
"""What a request that could not be read stands under in the access log where it got no status (HTTP/2)."""

SWEEP = 1.0
"""Seconds between two looks at the connections: how exact their deadlines are."""


_REDACTION: Final = Redaction()


class Served(OpenConnection, Protocol):
    """A connection, whatever version of HTTP it speaks."""

    def retire(self) -> None:
        """Let the client know, as far as there is a way, that it had better ask elsewhere."""

    def drain(self) -> None:
        """Answer what has been asked, and nothing more; then close."""

    def check_time(self, now: float) -> None:
        """Give up what takes too long."""


@implementer(IProtocolNegotiationFactory)
class HTTPFactory(ConnectionsFactory[Served]):
    """Serves `routes` (by path, see :class:`~protocols.http.routing.RoutingTable`).

    One factory serves all the addresses of a service, plain, wrapped in TLS or on Unix sockets.

    :param clock: where time comes from: a reactor.
    :param limits: what one connection may ask.
    :param connections: how many may be open at a time; more are closed as they come.
    :param trusted: the proxies that are believed about who asks.
    :param access: hears of every request that has been answered.
    :param redact: takes secrets out of a target that is shown.

    Raises :class:`ValueError` for paths that do not fit.
    """

    def __init__(
        self,
        routes: Mapping[str, Route | Sequence[Entry]],
        *,
        journal: Journal,
        clock: IReactorTime,
        limits: Limits | None = None,
        connections: int = CONNECTIONS,
        trusted: TrustedProxies | None = None,
        access: Callable[[Access], object] | None = None,
        redact: Callable[[str], str] = _REDACTION,
    ) -> None:
        super().__init__(journal, clock, connections)
        self.site = Site(routes, journal)
        self.counts = journal.counts
        self.tap = journal.tap
        self.redact = redact
        self.measure_at = 0.0
        """The time from which on the next answer is measured."""
        self.limits = limits or Limits()
        self.retiring = False
        """Whether each response is the last of its connection."""

        self.trusted = trusted
        self._access = access
        self.logs = access is not None
        """Whether anybody wants to know when a response began."""
        self.watches = self.logs or trusted is not None
        """Whether there is more to a request than asking its route."""
        self._sweep: IDelayedCall | None = None

    def buildProtocol(  # type: ignore[override]  # a protocol that knows its factory by its own class
        self, addr: IAddress | None
    ) -> Negotiation | None:
        if not self.may_build():
            return None
        connection = Negotiation()
        connection.factory = self
        return connection

    def acceptableProtocols(self) -> list[bytes]:  # noqa: N802 - Twisted's name
        """What is offered in ALPN (IProtocolNegotiationFactory)."""
        return list(ALPN)

    def measured(self, begun: float) -> None:
        """What came at the time `begun` is answered."""
        self.measure_at = begun + PERIOD
        self.journal.latency.observe(self.clock.seconds() - begun)

    def answered(self, exchange: Exchange) -> None:
        """A response has been written."""
        if self.tap.watched:
            response_left(self.tap, exchange)
        if self._access is not None:
            now = self.clock.seconds()
            request, first_at = exchange.request, exchange.first_at
            self._access(
                Access(
                    request.peer,
                    exchange.status,
                    exchange.sent,
                    now - exchange.begun_at,
                    first_at - exchange.begun_at if first_at else None,
                    request,
                )
            )

    def given_up(self, exchange: Exchange) -> None:
        """The client left before the end of the response."""
        if self._access is not None or self.tap.watched:
            exchange.status = exchange.status or GIVEN_UP
            self.answered(exchange)

    def joined(self, connection: Served) -> None:
        self.open.add(connection)
        self.journal.opened(connection.peer)
        if self._sweep is None:
            self._sweep = self.clock.callLater(SWEEP, self._look)

    def replaced(self, connection: Served, by: Served) -> None:
        """What had joined turns out to be another kind of connection."""
        self.open.add(by)
        self.open.remove(connection)

    def left(self, connection: Served, reason: Failure) -> None:
        cause = None if reason.check(error.ConnectionDone) else reason.value
        self.journal.closed(connection.peer, cause if isinstance(cause, Exception) else None)
        self.open.remove(connection)
        if not self.open and self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def refused_request(
        self, connection: Served, error: Exception, request: RequestHead | None = None
    ) -> None:
        """A request was not even read to its end; `request` is what it is if that much is known."""
        self.journal.framing_error(connection.peer, error)
        if self._access is not None:
            peer = connection.peer if request is None else request.peer
            status: int = getattr(error, "status", BAD_REQUEST)
            self._access(Access(peer, status, 0, None, None, request))

    def retire(self) -> Deferred[None]:
        """Go on with the connections there are, and those that are on their way, though each response tells
        its client to leave; fires when there is none."""
        self.retiring = True
        for connection in self.open:
            connection.retire()
        return self.open.emptied()

    def drain(self) -> Deferred[None]:
        """Answer what has been asked, or is on its way; fires when the last connection is gone."""
        self.retiring = self.draining = True
        self.site.drain()
        for connection in self.open:
            connection.drain()
        return self.open.emptied()

    def stop(self) -> None:
        """End the threads and processes of the routes; for when every connection is gone."""
        self.site.stop()

    def _look(self) -> None:
        self._sweep = self.clock.callLater(SWEEP, self._look)
        now = self.clock.seconds()
        for connection in self.open:
            connection.check_time(now)
