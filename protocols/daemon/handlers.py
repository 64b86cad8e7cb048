"""From the specification of what answers messages to the handler that does, for a service or a route."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from protocols.daemon.loader import Loaded
from protocols.daemon.spec.handler import BuiltinSpec, FunctionSpec
from protocols.handlers import BUILTINS, Builtin, FunctionHandler
from protocols.handlers.builtin import quote_of_the_day, quotes_in
from protocols.handlers.signature import signature_of
from protocols.http import Request, StreamingRequest
from protocols.journal import Journal


def function_handler(
    spec: FunctionSpec, loaded: Loaded, reactor: Any, pending: int, journal: Journal
) -> FunctionHandler:
    """The handler that calls the function of `spec`, for the service of `journal`; whoever asks ends it.

    Raises :class:`TypeError` and :class:`ValueError` if the function and its settings do not fit.
    """
    function: Any = loaded.resolved[spec.call]
    if signature_of(function).message in (Request, StreamingRequest):
        raise TypeError(f"{spec.call} takes a whole Request, which only a function route of http has")
    return FunctionHandler(
        function,
        reactor=reactor,
        codec=spec.codec,
        run=spec.run,
        workers=spec.workers,
        timeout=spec.timeout,
        pending=pending,
        latency=journal.latency,
    )


def builtin_handlers(spec: BuiltinSpec) -> Builtin:
    """The handlers of a classic service.

    Raises :class:`OSError` and :class:`ValueError` for a file of quotes that cannot be read or has none.
    """
    file = spec.qotd.file if spec.qotd is not None else None
    if file is None:
        return BUILTINS[spec.kind]
    return quote_of_the_day(quotes_in(Path(file).read_bytes()))
