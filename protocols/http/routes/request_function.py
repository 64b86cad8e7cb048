"""A route that calls a function with the whole request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from protocols.handlers.coroutines import runner
from protocols.handlers.deadline import Deadlines
from protocols.handlers.function import TIMEOUT, Run
from protocols.handlers.signature import name_of, signature_of
from protocols.handlers.threads import WORKERS, ThreadPool
from protocols.http.contract import METHODS
from protocols.http.request import Request, StreamingRequest
from protocols.http.response import Response


class RequestFunctionRoute:
    """Answers any method by calling ``f(request: Request | StreamingRequest)``.

    The function returns a :class:`Response`, or what can be the body of one; ``None`` is status 204.

    :param run: ``loop`` or ``threads``; by default an ``async def`` runs in the loop, a ``def`` in threads.
    :param workers: threads.
    :param timeout: seconds a call may take.

    Raises :class:`TypeError` if the function and these settings do not fit.
    """

    methods = METHODS
    subtree = False

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        reactor: Any,
        run: Run | None = None,
        workers: int | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        signature = signature_of(function)
        self._name = name_of(function)
        if signature.wants_peer:
            raise TypeError(f"{self._name} takes the whole request: the peer is request.peer")
        if signature.kind not in ("function", "coroutine"):
            raise TypeError(f"{self._name} takes the whole request, so it returns one Response")
        where = run or ("loop" if signature.is_async else "threads")
        if where == "processes" or (signature.is_async and where != "loop"):
            raise TypeError(f"run: {where} does not fit {self._name}, which takes the whole request")
        if workers is not None and where == "loop":
            raise TypeError(f"workers is for run: threads; {self._name} runs in the loop")
        self.streams = signature.message is StreamingRequest
        if self.streams and where == "threads":
            raise TypeError(f"{self._name} reads the content as it comes, so it must be an async def")
        self._function = function
        self._is_async = signature.is_async
        self._run_coroutine = runner(reactor)
        self._deadlines = Deadlines(timeout, reactor)
        self._late = f"{self._name} did not answer within {timeout:g} s"
        self._threads = ThreadPool(reactor, workers or WORKERS, self._name) if where == "threads" else None

    def respond(self, request: Request | StreamingRequest, rest: str) -> Response | Deferred[Response]:
        if self._threads is not None:
            return self._limited(self._threads.call(self._call, request))
        if not self._is_async:
            return self._call(request)
        outcome = self._run_coroutine(self._function(request))
        if type(outcome) is Response:
            return outcome
        if isinstance(outcome, Deferred):
            return self._limited(outcome.addCallback(_response))
        return _response(outcome)

    def stop(self) -> None:
        """End the threads."""
        if self._threads is not None:
            self._threads.stop()

    def _call(self, request: Request | StreamingRequest) -> Response:
        return _response(self._function(request))

    def _limited(self, outcome: Deferred[Response]) -> Deferred[Response]:
        return self._deadlines.limited(outcome, self._late)


def _response(value: object) -> Response:
    if isinstance(value, Response):
        return value
    return Response(status=204) if value is None else Response(value)
