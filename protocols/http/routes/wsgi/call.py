"""One request on its way through a WSGI application, seen from the reactor."""

from __future__ import annotations

from dataclasses import dataclass
from io import BufferedReader, BytesIO
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.handlers.deadline import CallTimeoutError, Deadlines
from protocols.handlers.threads import ThreadPool
from protocols.http.body import HELD
from protocols.http.errors import HTTPError
from protocols.http.request import StreamingRequest
from protocols.http.response import Response
from protocols.http.routes.app_head import AppHead
from protocols.http.routes.wsgi.application import Application, ApplicationCall
from protocols.http.routes.wsgi.content import Content
from protocols.http.routes.wsgi.environ import environ_of
from protocols.http.routes.wsgi.error_log import ErrorLog
from protocols.http.routes.wsgi.outflow import Outflow
from protocols.http.source import PIECE
from protocols.journal import Journal

GATHERED: Final = HELD
"""Bytes of content that are waited for before a thread is taken: a client that sends little slowly holds
none."""

RETRY_AFTER: Final = "1"
"""Seconds after which a client that found every thread busy should ask again."""

log = Logger(namespace="polyport")


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where an application runs."""

    application: Application
    reactor: Any
    threads: ThreadPool
    queue: int
    """Requests that may wait for a thread."""
    deadlines: Deadlines
    journal: Journal
    late: str
    """What is said of a response that does not begin in time."""


class Call:
    """Gathers short content, waits for a thread, and passes on what the application answers.

    Until the response begins the deadline counts, from the last piece of the content on.
    """

    def __init__(self, runtime: Runtime, request: StreamingRequest, rest: str) -> None:
        self._runtime = runtime
        self._request = request
        self._rest = rest
        self._answer: Deferred[Response] = Deferred(lambda _: self._give_up())
        self._pieces: list[bytes] = []
        self._missing = 0
        self._content: Content | None = None
        self._job: Deferred[Response | None] | None = None

    def start(self) -> Deferred[Response]:
        """The response; cancelling it gives the call up."""
        self._runtime.deadlines.begin(self, self._expired)
        body = self._request.body
        if body.length is None or body.length > GATHERED or "expect" in self._request.headers:
            self._content = Content(body, self._runtime.reactor.callFromThread, self._moved)
            self._submit(BufferedReader(self._content, PIECE))
        else:
            self._missing = body.length
            self._gather()
        return self._answer

    # -- the content ---------------------------------------------------------------------------------

    def _gather(self) -> None:
        while self._missing > 0:
            try:
                piece = self._request.body.read()
            except Exception as error:  # noqa: BLE001 - the client hears of it
                self._failed(Failure(error))
                return
            if isinstance(piece, Deferred):
                piece.addCallback(self._gathered).addErrback(self._failed)
                return
            self._add(piece)
        self._submit(BytesIO(b"".join(self._pieces)))

    def _gathered(self, piece: bytes | None) -> None:
        self._add(piece)
        self._gather()

    def _add(self, piece: bytes | None) -> None:
        if piece is None:
            self._missing = 0
        else:
            self._pieces.append(piece)
            self._missing -= len(piece)
            self._moved()

    def _moved(self) -> None:
        """The client is sending: the application has not had its time yet."""
        if not self._answer.called:
            self._runtime.deadlines.end(self)
            self._runtime.deadlines.begin(self, self._expired)

    # -- the call ------------------------------------------------------------------------------------

    def _submit(self, content: BufferedReader | BytesIO) -> None:
        runtime = self._runtime
        self._pieces.clear()
        if runtime.threads.waiting >= runtime.queue:
            busy = HTTPError(503, "Too many requests are waiting", {"Retry-After": RETRY_AFTER})
            self._failed(Failure(busy))
            return
        self._job = runtime.threads.call(self._run, content)
        self._job.addCallbacks(self._returned, self._failed)

    def _run(self, content: BufferedReader | BytesIO) -> Response | None:
        """In the thread."""
        request = self._request
        environ = environ_of(request, self._rest, request.body.length)
        environ["wsgi.input"] = content
        environ["wsgi.errors"] = errors = ErrorLog(self._complain)
        try:
            return ApplicationCall(request.method, self).run(self._runtime.application, environ)
        finally:
            errors.flush()

    def _returned(self, response: Response | None) -> None:
        self._runtime.deadlines.end(self)
        if response is not None and not self._answer.called:
            self._answer.callback(response)

    def _failed(self, failure: Failure) -> None:
        self._runtime.deadlines.end(self)
        if not self._answer.called and not failure.check(CancelledError):
            self._answer.errback(failure)

    def _begun(self, head: AppHead, outflow: Outflow) -> None:
        self._runtime.deadlines.end(self)
        if self._answer.called:
            outflow.close()
            return
        whole = outflow.whole()
        if whole is not None:
            outflow.close()
        self._answer.callback(head.response(outflow if whole is None else whole))

    def _expired(self) -> None:
        self._give_up()
        self._answer.errback(CallTimeoutError(self._runtime.late))

    def _give_up(self) -> None:
        """Nobody waits for the answer, or for the rest of it."""
        self._runtime.deadlines.end(self)
        if self._content is not None:
            self._content.give_up()
        if self._job is not None:
            self._job.cancel()

    # -- the thread's side (Sender) ------------------------------------------------------------------

    def check(self, head: AppHead) -> None:
        refusal = self._content.refusal if self._content is not None else None
        if refusal is not None and head.status >= 400:
            # The application says, in its own way, that it could not read the content: we know why.
            raise refusal

    def outflow(self, length: int | None) -> Outflow:
        outflow = Outflow(length, self._runtime.reactor.callFromThread)
        outflow.left = self._give_up
        return outflow

    def begin(self, head: AppHead, outflow: Outflow) -> None:
        self._runtime.reactor.callFromThread(self._begun, head, outflow)

    def report(self, error: BaseException) -> None:
        request = self._request
        self._runtime.reactor.callFromThread(
            self._runtime.journal.failed, request.peer, error, "", request.id
        )

    def _complain(self, line: str) -> None:
        self._runtime.reactor.callFromThread(self._log, line)

    def _log(self, line: str) -> None:
        service = self._runtime.journal.service
        log.warn("{service}: the application says: {line}", service=service, line=line)
