"""One service of the YAML in the reactor: its sockets, from the first connection to the last."""

from __future__ import annotations

import socket
from collections.abc import Container, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, gatherResults, maybeDeferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.daemon.carriers import Carriers
from protocols.daemon.guarding import guarded_datagrams, guarded_streams
from protocols.daemon.occurrence import Occurrence
from protocols.daemon.sockets import BoundSocket
from protocols.guard.limits import DropWatch
from protocols.reactor.adoption import adopt_datagrams, adopt_stream

log = Logger(namespace="polyport")

AFTER_ABORT = 1.0
"""Seconds an aborted connection gets to say that it is gone."""

ON_THE_WAY = 10.0
"""Seconds in which whoever was accepted may still come in: TLS handshakes, and connections that wait for
their turn, take no longer."""

LAST_WORDS = 5.0
"""Seconds for those who were still there when the time of a retired service was over."""

LAST_READS = 32
"""How often a socket that is closed for good accepts what its queue holds, which is at most its backlog."""


class PortService(Service):
    """Serves `carriers` on `bound`, sockets that are listening already.

    :param drain: see there.
    """

    def __init__(
        self, name: str, carriers: Carriers, bound: Sequence[BoundSocket], reactor: Any, drain: float
    ) -> None:
        # Not by setName: what a reload replaces has the name of what takes its place.
        self.service = name
        self.carriers = carriers
        self.bound = list(bound)
        self._reactor = reactor
        self.drain = drain
        """Seconds that connections may take to finish."""
        self._ports: dict[BoundSocket, Any] = {}
        self._datagram_ports: list[Any] = []
        self.drainables: list[Any] = []
        self._drops: DropWatch | None = None
        self._retiring: Deferred[Any] | None = None
        self._ended: Occurrence[None] = Occurrence()

    def prepare(self) -> Deferred[Any]:
        """Start what has to be ready before the first connection; for a reactor that runs."""
        starting = [maybeDeferred(start) for start in self.carriers.starts]
        return gatherResults(starting, consumeErrors=True)

    def startService(self) -> None:
        super().startService()
        if self.carriers.stream is not None:
            # Or it would be told to stop with its last port, while connections may still need it.
            self.carriers.stream.doStart()
        if self.carriers.tls is not None:
            self.carriers.tls.upkeep.start()
        for bound in self.bound:
            self._serve(bound)
        self._watch_drops()

    def listen(self, bound: Sequence[BoundSocket], kept: Container[socket.socket]) -> None:
        """Serve on `bound` from now on, and nowhere else; who is connected does not notice.

        :param kept: sockets that something serves from now on; the others the caller will close.
        """
        for one in self.bound:
            if one not in bound:
                log.info(
                    "{service}: no longer listening on {address}",
                    service=self.service,
                    address=str(one.address),
                )
                self._stop_listening(one, for_good=one.socket not in kept)
        for one in bound:
            if one not in self._ports:
                self._serve(one)
        self.bound = list(bound)
        self._watch_drops()

    def retire(self, kept: Container[socket.socket] = ()) -> Deferred[None]:
        """Leave the sockets, which are the caller's, to something else, and go on with the connections there
        are, until the deadline at most.

        :param kept: sockets that something else serves from now on; the others the caller will close.
        :returns: fires when the last connection is gone, and everything is ended.
        """
        self._stop_upkeep()
        for one in self.bound:
            # Not among what is waited for: that may be cancelled, and the port would stay open.
            self._stop_listening(one, for_good=one.socket not in kept).addErrback(self._not_ended)
        self.bound = []
        retired = [drainable.retire() for drainable in self.drainables]
        settled: Deferred[None] = deferLater(self._reactor, min(self._longest_way, self.drain))
        self._retiring = DeferredList([*retired, settled], consumeErrors=True)
        self._retiring.addTimeout(self.drain, self._reactor, lambda outcome, seconds: outcome)
        self._retiring.addBoth(lambda _: self._finish(self.drain if not self.running else LAST_WORDS))
        return self.when_ended()

    def stopService(self) -> Deferred[None]:
        """Listen no more, let connections finish until the deadline, then close what is left."""
        super().stopService()
        if self._retiring is not None:
            self._retiring.cancel()
        else:
            self._stop_upkeep()
            stopped = [self._stop_listening(one, for_good=True) for one in self.bound]
            # As long as a descriptor is open the kernel goes on queueing connections that nobody will
            # accept; datagram sockets are still needed for replies.
            for bound in self.bound:
                if bound.is_stream:
                    bound.close()
            self._finish(self.drain, stopped)
        return self.when_ended()

    def abort(self) -> None:
        """Close every connection at once."""
        for drainable in self.drainables:
            drainable.abort()

    # -- listening -----------------------------------------------------------------------------------

    def _serve(self, bound: BoundSocket) -> None:
        waiting = self.carriers.waiting
        if waiting is not None:
            if waiting not in self.drainables:
                self.drainables.append(waiting)
            self._ports[bound] = waiting.watch(bound.socket)
        elif bound.is_stream:
            self._serve_streams(bound)
        else:
            self._serve_datagrams(bound)
        log.info("{service}: listening on {address}", service=self.service, address=str(bound.address))

    def _serve_streams(self, bound: BoundSocket) -> None:
        stream = self.carriers.stream
        if stream not in self.drainables:
            self.drainables.append(stream)
        factory = guarded_streams(self.carriers, bound.address)
        self._ports[bound] = adopt_stream(bound.socket, factory, self._reactor)

    def _serve_datagrams(self, bound: BoundSocket) -> None:
        server = guarded_datagrams(self.carriers)
        port = adopt_datagrams(bound.socket, server, server.limit, self._reactor)
        self.drainables.append(server)
        self._ports[bound] = port
        self._datagram_ports.append(port)

    def _stop_listening(self, bound: BoundSocket, *, for_good: bool) -> Deferred[Any]:
        port = self._ports.pop(bound, None)
        if port is None:
            return succeed(None)  # it was never served
        if self.carriers.waiting is not None:
            return maybeDeferred(port.stopListening)
        if not bound.is_stream:
            port.stopReading()  # and no more: replies still leave by it
            return succeed(None)
        if not for_good:
            return maybeDeferred(port.stopListening)
        # What the queue holds when the socket is closed would be reset.
        for _ in range(LAST_READS):
            port.doRead()
        stopped = maybeDeferred(port.stopListening)
        bound.refuse()  # the port closes its own descriptor a turn later
        return stopped

    def _watch_drops(self) -> None:
        if self._drops is not None:
            self._drops.stop()
        datagrams = [bound.socket for bound in self.bound if not bound.is_stream]
        self._drops = DropWatch(datagrams, self.carriers.journal, self._reactor)

    # -- the end -------------------------------------------------------------------------------------

    @property
    def _longest_way(self) -> float:
        """Seconds in which somebody may still come in who was accepted."""
        carriers = self.carriers
        is_direct = carriers.tls is None and carriers.proxy_header is None
        waits = carriers.fairness is not None and carriers.fairness.waiting
        return 0.0 if is_direct and not waits else ON_THE_WAY

    def _stop_upkeep(self) -> None:
        if self.carriers.tls is not None:
            self.carriers.tls.upkeep.stop()
        if self._drops is not None:
            self._drops.stop()

    def _finish(self, seconds: float, stopped: Sequence[Deferred[Any]] = ()) -> None:
        """Give connections so long to finish, then close what is left, and end everything."""
        draining = [*stopped, *(drainable.drain() for drainable in self.drainables)]
        drained: Deferred[Any] = DeferredList(draining, consumeErrors=True)
        drained.addTimeout(seconds, self._reactor, self._abort_rest)
        drained.addCallback(lambda _: self._end())

    def _abort_rest(self, outcome: object, seconds: float) -> Deferred[Any]:
        log.warn(
            "{service}: some connections did not finish within {seconds:g} s; closing them",
            service=self.service,
            seconds=self.drain,
        )
        self.abort()
        gone = [drainable.drain() for drainable in self.drainables]
        rest: Deferred[Any] = DeferredList(gone, consumeErrors=True)
        rest.addTimeout(AFTER_ABORT, self._reactor, lambda outcome, seconds: outcome)
        return rest

    def _end(self) -> Deferred[Any]:
        ending = [maybeDeferred(stop).addErrback(self._not_ended) for stop in self.carriers.stops]
        return DeferredList(ending).addCallback(lambda _: self._close_rest())

    def _not_ended(self, failure: Failure) -> None:
        log.failure("{service}: something could not be ended", failure=failure, service=self.service)

    def _close_rest(self) -> Deferred[Any]:
        if self.carriers.stream is not None:
            self.carriers.stream.doStop()
        closing: Deferred[Any] = DeferredList(
            [maybeDeferred(port.stopListening) for port in self._datagram_ports], consumeErrors=True
        )
        for bound in self.bound:
            bound.close()
        if self._retiring is None:
            summary = self.carriers.journal.summary()
            log.info("{service}: stopped ({summary})", service=self.service, summary=summary)
        return closing.addCallback(lambda _: self._ended.happened(None))

    def when_ended(self) -> Deferred[None]:
        """Fires once it has stopped, or retired: when everything is ended."""
        return self._ended.when()
