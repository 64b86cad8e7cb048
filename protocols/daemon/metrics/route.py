"""The route that Prometheus scrapes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Cooperator

from protocols.daemon.control.operations import Ask
from protocols.daemon.metrics.asking import Asker
from protocols.daemon.metrics.exposition import Exposition
from protocols.daemon.metrics.told import Told
from protocols.http import Request, Response

HEADERS: Final = (
    # The next moment it says something else.
    ("Cache-Control", "no-store"),
    ("Vary", "Accept"),
)

SLICE: Final = 0.002
"""Seconds for which text is made before others are served again: hundreds of services have much of it."""


class MetricsRoute:
    """Shows how the daemon is, as Prometheus wants it; `ask` says whom to ask."""

    methods = ("GET", "HEAD")
    subtree = False
    streams = False

    def __init__(self, ask: Ask, clock: IReactorTime) -> None:
        self._asker = Asker(ask, clock)
        self._turns = Cooperator(_slice, partial(clock.callLater, 0))

    def respond(self, request: Request, rest: str) -> Deferred[Response]:
        accept = request.headers.get("accept") or ""
        return self._asker.told().addCallback(self._show, accept)

    def _show(self, told: Told, accept: str) -> Deferred[Response]:
        text = Exposition(told, accept)
        pieces: list[bytes] = []
        written = self._turns.coiterate(map(pieces.append, text.pieces()))
        return written.addCallback(
            lambda _: Response(b"".join(pieces), content_type=text.content_type, headers=HEADERS)
        )

    def stop(self) -> None:
        """Nothing runs."""


def _slice() -> Callable[[], bool]:
    end = perf_counter() + SLICE
    return lambda: perf_counter() >= end
