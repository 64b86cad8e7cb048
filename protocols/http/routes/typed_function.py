"""A route that calls a function with arguments from everywhere in a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from twisted.internet.defer import Deferred

from protocols.codec.json_codec import JsonCodec
from protocols.handlers.function import TIMEOUT, Run
from protocols.http.form_limits import FormLimits
from protocols.http.request import Request, StreamingRequest
from protocols.http.response import Response
from protocols.http.routes.arguments import Arguments
from protocols.http.routes.calling import Calling
from protocols.http.routes.results import Results
from protocols.http.routes.route_signature import RouteSignature
from protocols.http.source import Source
from protocols.journal import Journal
from protocols.session import Peer


class TypedFunctionRoute:
    """Calls ``f(id: int, tags: list[str] = (), order: Order, …)`` with what the request says: the path, the
    query, the content or the form, as `signature` has it.

    A function that takes uploads is called when all of them are here; they are not held in memory, and their
    files are gone when the response has been sent.

    :param run: ``loop``, ``threads`` or ``processes``; by default an ``async def`` runs in the loop, a
        ``def`` in threads.
    :param workers: threads or processes.
    :param timeout: seconds a call, or each step of a generator, may take.
    :param forms: how much a form may hold.

    Raises :class:`TypeError` if the function and these settings do not fit.
    """

    subtree = False

    def __init__(
        self,
        function: Callable[..., Any],
        signature: RouteSignature,
        *,
        reactor: Any,
        journal: Journal,
        run: Run | None = None,
        workers: int | None = None,
        timeout: float = TIMEOUT,
        forms: FormLimits | None = None,
    ) -> None:
        self.signature = signature
        self.methods = signature.methods
        self.streams = signature.takes_uploads
        self._forms = forms
        self._arguments = Arguments(signature, forms)
        self._calling = Calling(
            function,
            signature.kind,
            reactor=reactor,
            run=run,
            workers=workers,
            timeout=timeout,
            encode=lambda value: self._results.codec.encode(value),
            apart=not (signature.takes_uploads or signature.takes_request),
        )
        self._results = Results(
            JsonCodec(Any),
            journal,
            self._calling,
            result=signature.result,
            yields=signature.kind == "generator",
        )

    def respond(self, request: Any, rest: str) -> Response | Deferred[Response]:
        if self.streams:
            return Deferred.fromCoroutine(self._from_form(request))
        return self._answer(self._arguments.read(request), request.peer)

    def stop(self) -> None:
        """End the function's threads or processes."""
        self._calling.stop()

    def _answer(self, arguments: Mapping[str, Any], peer: Peer) -> Response | Deferred[Response]:
        outcome = self._calling.call(arguments)
        if isinstance(outcome, Deferred):
            return self._calling.limited(outcome).addCallback(self._results.response, peer)
        return self._results.response(outcome, peer)

    async def _from_form(self, request: StreamingRequest) -> Response:
        form = await request.form(self._forms)
        try:
            outcome = self._answer(self._arguments.read(Request.of(request, b""), form), request.peer)
            response = await outcome if isinstance(outcome, Deferred) else outcome
        except BaseException:
            form.close()
            raise
        if not isinstance(response.content, Source):
            form.close()
            return response
        holding = copy(response)
        holding.content = _Holding(response.content, form.close)
        return holding


class _Holding(Source):
    """A body during which something is held."""

    def __init__(self, body: Source, release: Callable[[], None]) -> None:
        self.length = body.length
        self._body = body
        self._release = release

    def read(self) -> bytes | Deferred[bytes | None] | None:
        return self._body.read()

    def close(self) -> None:
        try:
            self._body.close()
        finally:
            self._release()
