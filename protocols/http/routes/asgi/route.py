"""A route to an ASGI application."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from protocols.http.contract import METHODS
from protocols.http.request import StreamingRequest
from protocols.http.routes.asgi.http_cycle import HTTPCycle
from protocols.http.routes.asgi.lifespan import Lifespan, Mode
from protocols.http.routes.asgi.runtime import Application, Runtime
from protocols.http.routes.asgi.scope import http_scope, websocket_scope
from protocols.http.routes.asgi.websocket_cycle import WebSocketCycle, WebSocketEndpoint
from protocols.journal import Journal

TIMEOUT = 30.0
"""Seconds until the response has to begin."""

FINISH = 5.0
"""Seconds a call may go on after the last connection is gone, such as with what it does in the background."""

WEBSOCKET = "websocket"
"""What a client asks for in its Upgrade header."""


class ASGIRoute:
    """Answers what an ASGI application answers, each request in a task of the reactor's.

    Its lifespan is not begun by itself: :attr:`lifespan` is to be started before the first request.

    :param application: called with a scope, ``receive`` and ``send``.
    :param name: what it is called in messages.
    :param timeout: seconds until the response has to begin, from the last piece of the content on; and which
        a call may go on after its client has gone.
    :param endpoint: opens WebSockets; without one, what asks for one is a request like any other.

    Raises :class:`TypeError` for an `application` that is certainly none of ASGI 3, and :class:`ValueError`
    where the reactor has no asyncio.
    """

    methods = METHODS
    subtree = False
    streams = True

    def __init__(
        self,
        application: Application,
        *,
        reactor: Any,
        journal: Journal,
        name: str = "application",
        lifespan: Mode = "auto",
        timeout: float = TIMEOUT,
        endpoint: WebSocketEndpoint | None = None,
    ) -> None:
        self._runtime = Runtime(application, reactor=reactor, journal=journal, name=name, timeout=timeout)
        self._endpoint = endpoint
        self.lifespan = Lifespan(self._runtime, lifespan, name)

    def respond(self, request: StreamingRequest, rest: str) -> Deferred[Any]:
        runtime = self._runtime
        if self._endpoint is not None and request.upgrade == WEBSOCKET:
            handshake = self._endpoint.handshake(request)
            scope = websocket_scope(request, rest, runtime.state, handshake.subprotocols)
            return WebSocketCycle(runtime, request, self._endpoint, handshake).start(scope)
        return HTTPCycle(runtime, request).start(http_scope(request, rest, runtime.state))

    def stop(self) -> None:
        """Cancel what is under way."""
        self._runtime.stop()

    def end(self) -> Deferred[Any]:
        """Let the application finish what it does behind its responses, and shut down."""
        finished: Deferred[Any] = self._runtime.calls.emptied()
        finished.addTimeout(FINISH, self._runtime.reactor, lambda outcome, seconds: None)
        finished.addCallback(lambda _: self.lifespan.stop())
        return finished.addCallback(lambda _: self.stop())
