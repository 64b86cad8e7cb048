"""Answers that are given in the call that brings the request: no exchange is made for these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from protocols.http.response import Response
from protocols.http.server.times import Times
from protocols.http.server.wire import head
from protocols.http.source import PIECE

if TYPE_CHECKING:
    from protocols.http.server.exchange import Exchange
    from protocols.http.server.factory import HTTPFactory
    from protocols.http.server.response_writer import ResponseWriter
    from protocols.http.server.tunnel import Tunnel


class PromptAnswers:
    """The part of an HTTP/1 connection that answers whole requests with whole responses, as long as nothing
    else is going on."""

    asking = False
    """Whether a route is being asked."""
    factory: HTTPFactory
    closing: bool
    _current: Exchange | None
    _fault: Any
    _input_over: bool
    _queue: Any
    _times: Times
    _tunnel: Tunnel | None
    _writer: ResponseWriter

    @property
    def is_free(self) -> bool:
        """Whether a request that comes now may be answered now, with no more than asking its route."""
        return not (
            self._current
            or self._queue
            or self._tunnel
            or self.closing
            or self._fault
            or self._times.blocked_at is not None
            or self.factory.watches
            or self.factory.tap.watched
        )

    def answered_promptly(self, outcome: object) -> bool:
        """Write `outcome` if it is a whole response, and nothing has come to stand against it."""
        if type(outcome) is not Response or self.closing or self._input_over or self.factory.retiring:
            return False
        content = outcome.content
        if type(content) is not bytes or len(content) > PIECE:
            return False
        self._writer.write(head(outcome, len(content), "") + content)
        factory, times = self.factory, self._times
        factory.counts.responses[outcome.status // 100] += 1
        if times.active_at >= factory.measure_at:
            factory.measured(times.active_at)
        if times.begun_at is not None:
            times.begun_at = times.active_at  # what comes now is the next request
        return True

    def asked(self, exchange: Exchange) -> None:
        """The route of a request has been asked before there was an exchange of it."""
        exchange.begun_at = now = self._times.active_at
        exchange.asks(now)
        self._current = exchange
