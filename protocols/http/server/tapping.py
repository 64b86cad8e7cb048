"""What is told of requests and responses to who watches them: no header field is, for some hold secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from protocols.http.errors import phrase

if TYPE_CHECKING:
    from protocols.http.server.exchange import Exchange
    from protocols.tap import Tap


def request_came(tap: Tap, exchange: Exchange, redact: Callable[[str], str]) -> None:
    """A request has come, its header at least.

    :param redact: takes the secrets out of a target.
    """
    request = exchange.request
    words = f"{request.method} {redact(request.target)} HTTP/{request.version}"
    tap.passed(request.peer, "in", words.encode("utf-8", "replace"), size=exchange.length or 0)


def response_left(tap: Tap, exchange: Exchange) -> None:
    """The response has been written, or its client has left."""
    asked_at, first_at = exchange.asked_at, exchange.first_at
    took = first_at - asked_at if 0 <= asked_at <= first_at else None
    words = f"{exchange.status} {phrase(exchange.status)}"
    tap.passed(exchange.request.peer, "out", words.encode(), took, size=exchange.sent)
