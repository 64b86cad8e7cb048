"""One request on its way to an origin and back, with what is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred

from protocols.http.body import BodyStream
from protocols.http.contract import Answer
from protocols.http.errors import HTTPError
from protocols.http.request import StreamingRequest
from protocols.http.response import Response
from protocols.http.routes.proxy.connection import OriginConnection
from protocols.http.routes.proxy.errors import OriginError, unreadable
from protocols.http.routes.proxy.origin import Origin
from protocols.http.routes.proxy.request_head import request_head
from protocols.http.routes.proxy.response_fields import passed_fields
from protocols.http.routes.proxy.response_parser import ResponseHead
from protocols.http.routes.proxy.tunnel import TunnelEnd
from protocols.http.routes.proxy.websocket import Handshake
from protocols.http.source import Source
from protocols.http.upgrade import Upgrade

if TYPE_CHECKING:
    from protocols.http.routes.proxy.route import ProxyRoute

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods of which it does no harm to ask twice (RFC 9110, section 9.2.2)."""


class Forwarding:
    """Passes `request` on; :attr:`answer` fires with what came back.

    Another origin, or a new connection in place of a stale one, is tried as long as nothing of the
    request can have had an effect: it has not been sent, or nothing of a response came and it may be
    repeated and has no content.

    :param rest: what the path of the request has behind the route's own.
    :param upgrade: the protocol that may follow, if the client would rather speak that.
    """

    def __init__(self, route: ProxyRoute, request: StreamingRequest, rest: str, upgrade: str) -> None:
        self.answer: Deferred[Answer] = Deferred(self._cancelled)
        self.tried: tuple[Origin, ...] = ()
        self._route = route
        self._request = request
        self._rest = rest
        self._body: BodyStream | None = None if upgrade or request.body.length == 0 else request.body
        self._handshake = Handshake(request, upgrade) if upgrade else None
        self._connection: OriginConnection | None = None
        self._origin: Origin | None = None
        self._renewed = False
        self._over = False

    def start(self) -> None:
        self._route.pool.want(self)

    # -- the pool's side -----------------------------------------------------------------------------

    def connected(self, connection: OriginConnection, origin: Origin) -> None:
        self._connection, self._origin = connection, origin
        request, body, handshake = self._request, self._body, self._handshake
        try:
            head = request_head(
                request,
                self._route.target(request, self._rest, origin),
                self._route.host(request, origin),
                length=0 if body is None else body.length,
                append=self._route.appends,
                identity=self._route.identity,
                upgrade=handshake.protocol if handshake is not None else b"",
                extra=handshake.lines if handshake is not None else b"",
            )
        except HTTPError as error:
            self._route.pool.released(connection)
            self._end(error)
            return
        connection.send(self, request.method, head, body, upgrades=handshake is not None)

    def refused(self, error: HTTPError, origin: Origin | None) -> None:
        if self._over:
            return
        if origin is not None and isinstance(error, OriginError) and self._goes_elsewhere(error, origin):
            return
        self._end(error)

    # -- the connection's side -----------------------------------------------------------------------

    def answered(self, head: ResponseHead, content: bytes | Source) -> None:
        origin = self._origin
        assert origin is not None
        origin.health.succeeded(self._now())
        self._over = True
        response = Response.passed_on(head.status, (), content)
        response.headers = passed_fields(head.fields)
        if 300 <= head.status < 400 or head.status == 201:
            self._route.rewrite(response, self._request, self._rest, origin)
        self.answer.callback(response)

    def switched(self, head: ResponseHead, end: TunnelEnd) -> None:
        origin, handshake, connection = self._origin, self._handshake, self._connection
        assert origin is not None
        assert handshake is not None
        assert connection is not None
        problem = handshake.problem(head.fields)
        if problem:
            connection.abort()
            error = unreadable(problem)
            origin.health.failed(self._now(), error)
            self._end(error)
            return
        origin.health.succeeded(self._now())
        self._over = True
        self.answer.callback(
            Upgrade(end, handshake.protocol.decode("latin-1"), handshake.passed(head.fields))
        )

    def failed(self, error: Exception, *, unheard: bool) -> None:
        if self._over:
            return
        origin, connection = self._origin, self._connection
        assert origin is not None
        assert connection is not None
        harmless = unheard and self._body is None and self._request.method in IDEMPOTENT
        if connection.used and unheard and isinstance(error, OriginError) and error.status == 502:
            # It was closed while the request was under way: that says nothing of the origin's health.
            if harmless and not self._renewed:
                self._renewed = True
                self._route.pool.want(self, again=origin)
                return
            origin.health.troubled(self._now(), error)
        elif isinstance(error, OriginError) and harmless and error.status == 502:
            if self._goes_elsewhere(error, origin):
                return
        elif isinstance(error, OriginError):
            origin.health.failed(self._now(), error)
        self._end(error)

    def cut_off(self, error: Exception) -> None:
        if isinstance(error, OriginError) and self._origin is not None:
            self._origin.health.troubled(self._now(), error)

    def _now(self) -> float:
        now: float = self._route.pool.clock.seconds()
        return now

    def _goes_elsewhere(self, error: OriginError, origin: Origin) -> bool:
        """Note that `origin` has failed, and try another if there is one."""
        origin.health.failed(self._now(), error)
        self.tried = (*self.tried, origin)
        if len(self.tried) >= len(self._route.origins):
            return False
        self._route.pool.want(self)
        return True

    def _end(self, error: Exception) -> None:
        if not self._over:
            self._over = True
            self.answer.errback(error)

    def _cancelled(self, answer: Deferred[Answer]) -> None:
        """The client has gone."""
        if self._over:
            return
        self._over = True
        if self._connection is not None and not self._connection.gone:
            self._connection.abort()
        else:
            self._route.pool.withdrawn(self)
