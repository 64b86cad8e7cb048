"""Which of the two kinds of route a user's function wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.handlers import FunctionHandler
from protocols.handlers.function import TIMEOUT, Run
from protocols.handlers.signature import name_of, signature_of
from protocols.http.request import Request, StreamingRequest
from protocols.http.routes.message_function import MessageFunctionRoute
from protocols.http.routes.request_function import RequestFunctionRoute
from protocols.journal import Journal


def function_route(
    function: Callable[..., Any],
    *,
    reactor: Any,
    journal: Journal,
    run: Run | None = None,
    workers: int | None = None,
    timeout: float = TIMEOUT,
    codec: str | None = None,
) -> MessageFunctionRoute | RequestFunctionRoute:
    """The route that calls `function`: with the whole request if that is what its first parameter is
    annotated as, else with the message that was posted.

    The settings are those of :class:`~protocols.handlers.FunctionHandler`.  Raises :class:`TypeError`
    and :class:`ValueError` if they do not fit the function.
    """
    if signature_of(function).message in (Request, StreamingRequest):
        if codec is not None:
            raise TypeError(f"{name_of(function)} takes the whole request, which no codec reads")
        return RequestFunctionRoute(function, reactor=reactor, run=run, workers=workers, timeout=timeout)
    handler = FunctionHandler(
        function, reactor=reactor, codec=codec, run=run, workers=workers, timeout=timeout
    )
    try:
        return MessageFunctionRoute(handler, journal)
    except TypeError:
        handler.stop()
        raise
