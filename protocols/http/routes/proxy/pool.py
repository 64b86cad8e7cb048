"""The connections to all the origins of one route, and who gets which."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Literal, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from protocols.http.errors import HTTPError
from protocols.http.routes.proxy.connection import OriginConnection
from protocols.http.routes.proxy.errors import overloaded, slow_to_connect, unreachable
from protocols.http.routes.proxy.limits import ProxyLimits
from protocols.http.routes.proxy.origin import Origin
from protocols.outgoing_reason import why_unreachable

LINGER = 2.0
"""Seconds an origin has to close its side of a connection after us; then it is cut off."""

Balance = Literal["round_robin", "least_connections"]


class Client(Protocol):
    """Who wants a connection.  It hears one of these, once, unless it is :meth:`OriginPool.withdrawn`."""

    @property
    def tried(self) -> Sequence[Origin]:
        """The origins that it does not want again."""

    def connected(self, connection: OriginConnection, origin: Origin) -> None:
        """Here is one."""

    def refused(self, error: HTTPError, origin: Origin | None) -> None:
        """There is none; `origin`, if there is one, cannot be connected to."""


class Attempt:
    """A connection that is being made for somebody."""

    __slots__ = ("client", "connection", "deferred", "origin", "since")

    def __init__(self, client: Client, origin: Origin, since: float) -> None:
        self.client = client
        self.origin = origin
        self.since = since
        self.deferred: Deferred[Any] | None = None
        self.connection: OriginConnection | None = None


class _Connections(Factory):
    """Makes the protocol of a connection."""

    noisy = False

    def __init__(self, pool: OriginPool) -> None:
        self._pool = pool

    def buildProtocol(self, addr: IAddress | None) -> OriginConnection:
        return OriginConnection(self._pool)


class OriginPool:
    """Connections to `origins`, kept for a while after their use.

    :param clock: where time comes from: a reactor.
    :param balance: which of several origins is next: each in turn, or the one with the fewest requests.
    """

    def __init__(
        self, origins: Sequence[Origin], clock: Any, limits: ProxyLimits, balance: Balance = "round_robin"
    ) -> None:
        self.clock = clock
        self.limits = limits
        self._origins = tuple(origins)
        self._fewest = balance == "least_connections"
        self._turn = 0
        self._homes: dict[OriginConnection, Origin] = {}
        self._parting: deque[tuple[OriginConnection, float]] = deque()
        self._attempts: dict[Client, Attempt] = {}
        self._waiting: deque[tuple[Client, float]] = deque()
        self._sweep: IDelayedCall | None = None
        self._stopped = False

    # -- the clients' side ---------------------------------------------------------------------------

    def want(self, client: Client, *, again: Origin | None = None) -> None:
        """Get `client` a connection.

        :param again: the origin of a connection that turned out to be stale: it gets a new one there.
        """
        if self._stopped:
            client.refused(overloaded("The server is being stopped"), None)
            return
        if again is not None and again.opened < self.limits.connections:
            self._connect(client, again)
            return
        origin = self._choose(client.tried)
        if origin is not None:
            self._give(client, origin)
        elif len(self._waiting) >= self.limits.queue:
            client.refused(overloaded("Too many requests are under way"), None)
        else:
            self._waiting.append((client, self.clock.seconds()))
            self._watch()

    def withdrawn(self, client: Client) -> None:
        """`client` wants none any more."""
        attempt = self._attempts.get(client)
        if attempt is not None:
            self._abandon(attempt)
        else:
            self._waiting = deque(item for item in self._waiting if item[0] is not client)

    def _choose(self, tried: Sequence[Origin]) -> Origin | None:
        """An origin with room, if there is one; one that is out only if all are."""
        origins = self._origins
        if len(origins) == 1:
            return origins[0] if origins[0].has_room else None
        now = self.clock.seconds()
        self._turn = (self._turn + 1) % len(origins)
        inline = [*origins[self._turn :], *origins[: self._turn]]
        inline = [origin for origin in inline if origin not in tried] or inline
        inline = [origin for origin in inline if not origin.health.is_out(now)] or inline
        free = [origin for origin in inline if origin.has_room]
        if self._fewest and free:
            return min(free, key=lambda origin: origin.load)
        return free[0] if free else None

    def _give(self, client: Client, origin: Origin) -> None:
        if origin.idle:
            client.connected(origin.idle.pop(), origin)
        else:
            self._connect(client, origin)

    # -- connections that are being made -------------------------------------------------------------

    def _connect(self, client: Client, origin: Origin) -> None:
        origin.opened += 1
        attempt = self._attempts[client] = Attempt(client, origin, self.clock.seconds())
        self._watch()
        attempt.deferred = origin.endpoint.connect(_Connections(self))
        attempt.deferred.addCallbacks(self._open, self._unreachable, (attempt,), {}, (attempt,))

    def _open(self, connection: OriginConnection, attempt: Attempt) -> None:
        attempt.deferred = None
        if connection.gone:
            self._missed(attempt, unreachable("it closed the connection at once"))
            return
        attempt.connection = connection
        self._homes[connection] = attempt.origin
        if not attempt.origin.encrypted:
            self._ready(attempt)

    def secured(self, connection: OriginConnection) -> None:
        """The peer has proved who it is."""
        attempt = self._attempt_of(connection)
        if attempt is not None:
            self._ready(attempt)

    def _ready(self, attempt: Attempt) -> None:
        del self._attempts[attempt.client]
        assert attempt.connection is not None
        attempt.client.connected(attempt.connection, attempt.origin)

    def _unreachable(self, failure: Failure, attempt: Attempt) -> None:
        if self._attempts.get(attempt.client) is attempt:
            error = unreachable(why_unreachable(failure.value))
            self._missed(attempt, error)

    def _missed(self, attempt: Attempt, error: HTTPError) -> None:
        """No connection came of `attempt`."""
        del self._attempts[attempt.client]
        attempt.origin.opened -= 1
        attempt.client.refused(error, attempt.origin)
        self._serve_next()

    def _abandon(self, attempt: Attempt) -> None:
        del self._attempts[attempt.client]
        if attempt.connection is not None:
            attempt.connection.abort()
        else:
            attempt.origin.opened -= 1
            if attempt.deferred is not None:
                attempt.deferred.cancel()
            self._serve_next()

    def _attempt_of(self, connection: OriginConnection) -> Attempt | None:
        return next((a for a in self._attempts.values() if a.connection is connection), None)

    # -- the connections' side -----------------------------------------------------------------------

    def released(self, connection: OriginConnection) -> None:
        """It can be used again."""
        if self._stopped:
            connection.close()
        elif self._waiting:
            client, _ = self._waiting.popleft()
            client.connected(connection, self._homes[connection])
        else:
            self._homes[connection].idle.append(connection)

    def lost(self, connection: OriginConnection, reason: Failure) -> None:
        """It cannot."""
        origin = self._homes.pop(connection, None)
        if origin is None:
            return
        if connection in origin.idle:
            origin.idle.remove(connection)
        attempt = self._attempt_of(connection) if self._attempts else None
        if attempt is not None:
            self._missed(attempt, unreachable(why_unreachable(reason.value)))
        else:
            origin.opened -= 1
            self._serve_next()

    def parting(self, connection: OriginConnection) -> None:
        """It is being closed, as fast as its origin takes that."""
        if not self._stopped:
            self._parting.append((connection, self.clock.seconds()))
            self._watch()

    def _serve_next(self) -> None:
        """There may be room for one that waits."""
        if self._waiting and not self._stopped:
            origin = self._choose(self._waiting[0][0].tried)
            if origin is not None:
                client, _ = self._waiting.popleft()
                self._give(client, origin)

    # -- time ----------------------------------------------------------------------------------------

    def _watch(self) -> None:
        if self._sweep is None:
            self._sweep = self.clock.callLater(self.limits.sweep, self._look)

    def _look(self) -> None:
        self._sweep = None
        now = self.clock.seconds()
        while self._parting and now - self._parting[0][1] >= LINGER:
            self._parting.popleft()[0].abort()  # which is nothing to one that is closed
        for attempt in list(self._attempts.values()):
            if now - attempt.since >= self.limits.connect and attempt.client in self._attempts:
                self._late(attempt)
        while self._waiting and now - self._waiting[0][1] >= self.limits.connect:
            client, _ = self._waiting.popleft()
            client.refused(overloaded("Too many requests are under way"), None)
        unfinished = {attempt.connection for attempt in self._attempts.values()}
        for connection in list(self._homes):
            if connection not in unfinished:
                connection.check_time(now)
        if self._homes or self._attempts or self._waiting or self._parting:
            self._watch()

    def _late(self, attempt: Attempt) -> None:
        self._abandon(attempt)
        attempt.client.refused(slow_to_connect(self.limits.connect), attempt.origin)

    def stop(self) -> None:
        """Close every connection; nothing is wanted any more."""
        self._stopped = True
        for attempt in list(self._attempts.values()):
            self._abandon(attempt)
        self._waiting.clear()
        for connection in (*self._homes, *(connection for connection, _ in self._parting)):
            connection.abort()
        self._parting.clear()
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
