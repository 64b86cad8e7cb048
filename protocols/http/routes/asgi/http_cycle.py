"""One request of an ASGI application, and its response."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from protocols.handlers.deadline import CallTimeoutError
from protocols.http.errors import HTTPError
from protocols.http.request import StreamingRequest
from protocols.http.routes.asgi.inflow import Inflow
from protocols.http.routes.asgi.response_sender import ResponseSender
from protocols.http.routes.asgi.runtime import ApplicationTask, Message, Runtime

log = Logger(namespace="polyport")


class HTTPCycle:
    """The request's content to the application, and its response to the client.

    Until the response begins the deadline counts, from the last piece of the content on.  A client that
    goes is told to the application, which is cancelled only when it goes on for as long as that again.
    """

    def __init__(self, runtime: Runtime, request: StreamingRequest) -> None:
        self._runtime = runtime
        self._request = request
        self._inflow = Inflow(request.body, self._moved, self._refused)
        self._response = ResponseSender(request.method, self._left, self._report)
        self._answer = self._response.answer
        self._task = ApplicationTask(runtime, self._ended)

    def start(self, scope: dict[str, Any]) -> Deferred[Any]:
        """The answer; cancelling it tells the application that the client has gone."""
        self._task.limit(self._late)
        self._task.start(scope, self._inflow.receive, self._send)
        return self._answer

    async def _send(self, message: Message) -> None:
        try:
            await self._response.send(message)
        finally:
            if self._answer.called:
                self._begun()
            elif self._response.has_head:
                self._runtime.heads.begin(self, self._begin)

    def _begin(self) -> None:
        """The body lets itself be waited for: its head goes ahead."""
        if not self._answer.called:
            self._response.begin()
            self._begun()

    def _begun(self) -> None:
        self._runtime.heads.end(self)
        if not self._inflow.gone:
            self._task.unlimit()
        if self._response.complete:
            self._inflow.over()

    def _moved(self) -> None:
        """The client is sending: the application has not had its time yet."""
        if not self._answer.called and self._task.running:
            self._task.limit(self._late)

    def _refused(self, error: HTTPError) -> None:
        """The content is not what the route takes; the application hears that the client has gone."""
        if not self._answer.called:
            self._answer.errback(error)
        self._left()

    def _left(self) -> None:
        self._runtime.heads.end(self)
        self._response.close()
        self._inflow.over()
        if self._task.running:
            self._inflow.gone = True
            self._task.limit(self._task.cancel)

    def _late(self) -> None:
        self._runtime.heads.end(self)
        self._inflow.over()
        self._response.close()
        self._task.cancel()
        if not self._answer.called:
            self._answer.errback(CallTimeoutError(self._runtime.late))

    def _ended(self, error: BaseException | None) -> None:
        """The application has returned, or raised `error`."""
        self._runtime.heads.end(self)
        if self._inflow.gone:
            if error is not None:
                # What it raises when it cannot go on is no failure of its own.
                log.debug(
                    "{peer}: after the client had gone: {error!r}", peer=self._request.peer, error=error
                )
            return
        self._response.end(error)
        self._inflow.over()

    def _report(self, error: BaseException) -> None:
        self._runtime.journal.failed(self._request.peer, error, request=self._request.id)
