"""``server.metrics``: an address of its own at which Prometheus finds metrics."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.logger import Logger

from protocols.daemon.control.operations import Ask
from protocols.daemon.kept_sockets import KeptSockets
from protocols.daemon.metrics.route import MetricsRoute
from protocols.daemon.sockets import BindError, BoundSocket, Inherited, bind
from protocols.daemon.spec.address import Address
from protocols.http import HTTPFactory, Limits
from protocols.journal import Journal
from protocols.reactor.adoption import adopt_stream, cannot_adopt

log = Logger(namespace="polyport")

NAME: Final = "server.metrics"
"""What it is called in the log; no service can be."""

PATH: Final = "/metrics"
"""Where Prometheus looks unless it is told otherwise."""

CONNECTIONS: Final = 16
"""At a time: there are a few Prometheus servers, and somebody with curl."""

LIMITS: Final = Limits(
    request_line=1024,
    header=8 * 1024,
    header_fields=50,
    header_time=5.0,
    body=1024,  # which nobody sends
    idle=130.0,  # a scrape every two minutes keeps its connection
    first_byte=5.0,
    streams=CONNECTIONS,
)

LAST_WORDS: Final = 4.0
"""Seconds that a scrape under way may take when it stops: longer than the daemon is waited for."""

AFTER_ABORT: Final = 1.0
"""Seconds an aborted connection gets to say that it is gone."""


class MetricsListener:
    """Serves metrics at `address`, and nothing else: bind, then start, then stop.

    :param ask: says whom to ask how the daemon is.
    :param bound: sockets for it that somebody else has bound, and will close.
    """

    def __init__(self, address: Address, ask: Ask, reactor: Any, bound: Sequence[BoundSocket] = ()) -> None:
        self.address = address
        self.bound = tuple(bound)
        """Its sockets."""
        self._owned: list[BoundSocket] = []
        self._reactor = reactor
        self._ports: list[Any] = []
        self._factory = HTTPFactory(
            {PATH: MetricsRoute(ask, reactor)},
            journal=Journal(NAME),
            clock=reactor,
            limits=LIMITS,
            connections=CONNECTIONS,
        )

    def bind(
        self,
        inherited: Inherited | None = None,
        kept: KeptSockets | None = None,
        instead_of: MetricsListener | None = None,
    ) -> None:
        """Bind, and listen, but accept nobody yet.

        :param kept: what a process before this one has bound.
        :param instead_of: one that will be stopped once this one starts, and may stand in its way.

        Raises :class:`~protocols.daemon.sockets.BindError`; then nothing is left open.
        """
        try:
            self._owned = bind(self.address, inherited or {}, kept=kept)
        except BindError as error:
            if error.number != errno.EADDRINUSE or instead_of is None:
                raise
            self._owned = self._bind_beside(instead_of)
        self.bound = tuple(self._owned)
        for one in self.bound:
            if why := cannot_adopt(one.socket):
                self.close()
                raise BindError(why)

    def _bind_beside(self, former: MetricsListener) -> list[BoundSocket]:
        # It will be closed, but not before all else is sure: for the moment, the kernel lets both be.
        for one in former.bound:
            one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound = bind(self.address, {}, reuse_port=True)
        for one in bound:
            one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
        return bound

    def start(self) -> None:
        """Serve."""
        for one in self.bound:
            self._ports.append(adopt_stream(one.socket, self._factory, self._reactor))
            log.info("{service}: listening on {address}", service=NAME, address=str(one.address))

    def stop(self) -> Deferred[None]:
        """Listen no more; fires when the last connection is gone, which may finish its scrape."""
        stopping: list[Deferred[Any]] = [maybeDeferred(port.stopListening) for port in self._ports]
        self._ports = []
        for one in self._owned:
            one.refuse()  # each port closes its own descriptor a turn later
        self.close()
        stopping.append(self._factory.drain().addTimeout(LAST_WORDS, self._reactor, self._abort))
        stopped = DeferredList(stopping, consumeErrors=True)
        return stopped.addCallback(lambda _: self._factory.stop())

    def leave_paths(self) -> None:
        """Somebody else has the sockets, too."""
        self._owned = [one.lent() for one in self._owned]

    def close(self) -> None:
        """Close the sockets that it has bound; for those that are not to start after all."""
        owned, self._owned, self.bound = self._owned, [], ()
        for one in owned:
            one.close()

    def _abort(self, failure: object, seconds: float) -> Deferred[None]:
        self._factory.abort()
        gone = self._factory.drain()
        return gone.addTimeout(AFTER_ABORT, self._reactor, lambda failure, seconds: None)
