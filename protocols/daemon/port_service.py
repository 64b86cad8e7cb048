"""One service of the YAML in the reactor: its sockets, from the first connection to the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, gatherResults, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.daemon.carriers import Carriers
from protocols.daemon.guarding import guarded_datagrams, guarded_streams
from protocols.daemon.sockets import BoundSocket
from protocols.guard.limits import DropWatch
from protocols.reactor.adoption import adopt_datagrams, adopt_stream

log = Logger(namespace="polyport")

AFTER_ABORT = 1.0
"""Seconds an aborted connection gets to say that it is gone."""


class PortService(Service):
    """Serves `carriers` on `bound`, sockets that are listening already.

    :param drain: seconds that connections may take to finish once the service is stopped.
    """

    def __init__(
        self, name: str, carriers: Carriers, bound: Sequence[BoundSocket], reactor: Any, drain: float
    ) -> None:
        self.setName(name)
        self.carriers = carriers
        self.bound = bound
        self._reactor = reactor
        self._drain = drain
        self._ports: list[Any] = []
        self._datagram_ports: list[Any] = []
        self._drainables: list[Any] = []
        self._drops: DropWatch

    def prepare(self) -> Deferred[Any]:
        """Start what has to be ready before the first connection; for a reactor that runs."""
        starting = [maybeDeferred(start) for start in self.carriers.starts]
        return gatherResults(starting, consumeErrors=True)

    def startService(self) -> None:
        super().startService()
        datagrams = [bound.socket for bound in self.bound if not bound.is_stream]
        self._drops = DropWatch(datagrams, self.carriers.journal, self._reactor)
        if self.carriers.tls is not None:
            self.carriers.tls.upkeep.start()
        for bound in self.bound:
            self._serve(bound)
            log.info(
                "{service}: listening on {address}",
                service=self.name,
                address=str(bound.address),
            )

    def stopService(self) -> Deferred[None]:
        """Listen no more, let connections finish until the deadline, then close what is left."""
        super().stopService()
        if self.carriers.tls is not None:
            self.carriers.tls.upkeep.stop()
        # A factory that is told to stop while its connections finish may close what they still need.
        stream = self.carriers.stream
        if stream is not None:
            stream.doStart()
        stopping: list[Deferred[Any]] = [maybeDeferred(port.stopListening) for port in self._ports]
        self._close(streams=True)
        for port in self._datagram_ports:
            port.stopReading()  # and no more: replies still leave by it
        self._drops.stop()
        stopping += [drainable.drain() for drainable in self._drainables]
        stopped: Deferred[Any] = DeferredList(stopping, consumeErrors=True)
        stopped.addTimeout(self._drain, self._reactor, self._abort_rest)
        stopped.addCallback(lambda _: self._end())
        return stopped

    def abort(self) -> None:
        """Close every connection at once."""
        for drainable in self._drainables:
            drainable.abort()

    def _serve(self, bound: BoundSocket) -> None:
        if bound.is_stream:
            self._serve_streams(bound)
        else:
            self._serve_datagrams(bound)

    def _serve_streams(self, bound: BoundSocket) -> None:
        stream = self.carriers.stream
        if stream not in self._drainables:
            self._drainables.append(stream)
        factory = guarded_streams(self.carriers, bound.address)
        self._ports.append(adopt_stream(bound.socket, factory, self._reactor))

    def _serve_datagrams(self, bound: BoundSocket) -> None:
        server = guarded_datagrams(self.carriers)
        port = adopt_datagrams(bound.socket, server, server.limit, self._reactor)
        self._drainables.append(server)
        self._datagram_ports.append(port)

    def _close(self, *, streams: bool) -> None:
        """Close our own descriptors of the sockets for streams, or of those for datagrams.

        As long as one is open the kernel goes on queueing connections that nobody will accept; datagram
        sockets are still needed for replies.
        """
        for bound in self.bound:
            if bound.is_stream is streams:
                bound.close()

    def _abort_rest(self, outcome: object, seconds: float) -> Deferred[Any]:
        log.warn(
            "{service}: some connections did not finish within {seconds:g} s; closing them",
            service=self.name,
            seconds=seconds,
        )
        self.abort()
        gone = [drainable.drain() for drainable in self._drainables]
        rest: Deferred[Any] = DeferredList(gone, consumeErrors=True)
        rest.addTimeout(AFTER_ABORT, self._reactor, lambda outcome, seconds: outcome)
        return rest

    def _end(self) -> Deferred[Any]:
        ending = [maybeDeferred(stop).addErrback(self._not_ended) for stop in self.carriers.stops]
        return DeferredList(ending).addCallback(lambda _: self._close_rest())

    def _not_ended(self, failure: Failure) -> None:
        log.failure("{service}: something could not be ended", failure=failure, service=self.name)

    def _close_rest(self) -> Deferred[Any]:
        if self.carriers.stream is not None:
            self.carriers.stream.doStop()
        closing = [maybeDeferred(port.stopListening) for port in self._datagram_ports]
        self._close(streams=False)
        log.info("{service}: stopped ({summary})", service=self.name, summary=self.carriers.journal.summary())
        return DeferredList(closing, consumeErrors=True)
