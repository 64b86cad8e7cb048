"""Which of the kinds of route a user's function wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from protocols.handlers import FunctionHandler
from protocols.handlers.function import TIMEOUT, Run
from protocols.handlers.signature import kind_of, name_of, read_signature
from protocols.http.form_limits import FormLimits
from protocols.http.request import Request, StreamingRequest
from protocols.http.routes.message_function import MessageFunctionRoute
from protocols.http.routes.request_function import RequestFunctionRoute
from protocols.http.routes.route_signature import route_signature
from protocols.http.routes.typed_function import TypedFunctionRoute
from protocols.http.routing import parameter_names
from protocols.journal import Journal

USUAL: Final = ("GET", "HEAD", "POST")
"""The methods that a function with arguments answers of itself."""

FunctionRoute = MessageFunctionRoute | RequestFunctionRoute | TypedFunctionRoute


def function_route(
    function: Callable[..., Any],
    *,
    reactor: Any,
    journal: Journal,
    path: str = "",
    run: Run | None = None,
    workers: int | None = None,
    timeout: float = TIMEOUT,
    codec: str | None = None,
    forms: FormLimits | None = None,
    methods: Sequence[str] = (),
) -> FunctionRoute:
    """The route that calls `function`: with the whole request if that is all it takes; with a message if that
    is; else with arguments by name.

    :param path: the path of the route, whose names in braces are parameters.
    :param forms: how much a form may hold.
    :param methods: what it is asked to answer; unless said, those of :data:`USUAL` that it can, or all for a
        function that takes the whole request.

    The other settings are those of :class:`~protocols.handlers.FunctionHandler`.  Raises
    :class:`TypeError` and :class:`ValueError` if they do not fit the function.
    """
    if takes_request_alone(function):
        if codec is not None:
            raise TypeError(f"{name_of(function)} takes the whole request, which no codec reads")
        return RequestFunctionRoute(function, reactor=reactor, run=run, workers=workers, timeout=timeout)
    signature = route_signature(function, parameter_names(path))
    route: MessageFunctionRoute | TypedFunctionRoute
    if signature.is_message:
        handler = FunctionHandler(
            function, reactor=reactor, codec=codec, run=run, workers=workers, timeout=timeout
        )
        try:
            route = MessageFunctionRoute(handler, journal, signature)
        except TypeError:
            handler.stop()
            raise
    elif codec is not None:
        raise TypeError(f"{signature.name} takes arguments by name, which no codec reads")
    else:
        route = TypedFunctionRoute(
            function,
            signature,
            reactor=reactor,
            journal=journal,
            run=run,
            workers=workers,
            timeout=timeout,
            forms=forms,
        )
    if not methods:
        route.methods = usual_methods(route.methods)
    return route


def usual_methods(possible: Sequence[str]) -> tuple[str, ...]:
    """Those of the `possible` methods that a function answers unless others are asked for: what deletes or
    replaces something says so where the route is written."""
    return tuple(method for method in possible if method in USUAL)


def check_function(function: Callable[..., Any], path: str) -> None:
    """Raise :class:`TypeError`, with what is wrong in words, for what cannot be a route at `path`."""
    if not takes_request_alone(function):
        route_signature(function, parameter_names(path))


def takes_request_alone(function: Callable[..., Any]) -> bool:
    """Whether `function` wants the whole request, and says itself what it reads of it.

    Raises :class:`TypeError` for what is no function.
    """
    named = [
        parameter
        for parameter in read_signature(function).parameters.values()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if len(named) != 1 or named[0].kind is named[0].KEYWORD_ONLY:
        return False
    kind = named[0].annotation
    return kind is StreamingRequest or (kind is Request and "generator" not in kind_of(function))
