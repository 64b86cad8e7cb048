"""Whether a request may be made once more, and what its failure is called."""

from __future__ import annotations

import email.utils
import ssl
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime

import httpx2

from protocols.client.errors import (
    ClientError,
    ClientTimeoutError,
    ConnectError,
    ConnectionLostError,
    TLSError,
)
from protocols.client.reasons import is_unknown_authority, why, why_tls
from protocols.client.retry import Retry
from protocols.client.wire import Sleep

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
"""Methods of which two requests do what one does (RFC 9110, section 9.2.2)."""

LATER = frozenset({429, 502, 503, 504})
"""Statuses that say that the same request may be answered later."""


async def repeated(
    attempt: Callable[[], Awaitable[httpx2.Response]],
    discard: Callable[[httpx2.Response], Awaitable[None]],
    sleep: Sleep,
    waits: Iterator[float],
    url: httpx2.URL,
) -> httpx2.Response:
    """The response to the first `attempt` that has one, or to the last one.

    Raises :class:`~protocols.client.errors.ClientError`.
    """
    while True:
        try:
            response = await attempt()
        except httpx2.TransportError as error:
            wait = next(waits, None)
            if wait is None:
                raise failure(url, error) from None
        else:
            wait = next(waits, None) if response.status_code in LATER else None
            if wait is None:
                return response
            wait = max(wait, retry_after(response))
            await discard(response)
        await sleep(wait)


def waits_for(retry: Retry, method: str, *, repeatable: bool) -> Iterator[float]:
    """The pauses before further attempts at a request; none where it may not be repeated.

    :param repeatable: whether its content can be sent again.
    """
    return retry.waits() if repeatable and method.upper() in IDEMPOTENT else iter(())


def retry_after(response: httpx2.Response) -> float:
    """The seconds that the server asks to wait (RFC 9110, section 10.2.3); 0 where it asks for nothing."""
    said = response.headers.get("retry-after", "")
    if said.isdecimal():
        return float(said)
    try:
        moment = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def shown(url: httpx2.URL) -> str:
    """`url` without a password."""
    return str(url.copy_with(username=None, password=None)) if url.userinfo else str(url)


def failure(url: httpx2.URL, error: httpx2.TransportError) -> ClientError:
    """What `error` is in the words of this package."""
    server = shown(url)
    if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return ClientTimeoutError(server, f"no connection to {server} in time")
    if isinstance(error, httpx2.WriteTimeout):
        return ClientTimeoutError(server, f"{server} has taken nothing in time")
    if isinstance(error, httpx2.TimeoutException):
        return ClientTimeoutError(server, f"nothing came from {server} in time")
    cause = _cause(error)
    if isinstance(cause, ssl.SSLError):
        return TLSError(server, why_tls(cause), unknown_authority=is_unknown_authority(cause))
    if isinstance(error, httpx2.ConnectError | httpx2.UnsupportedProtocol):
        return ConnectError(server, why(cause))
    return ConnectionLostError(server, why(cause))


def _cause(error: BaseException) -> BaseException:
    """What the system has said, at the bottom of all that was made of it."""
    seen: BaseException | None = error
    found = error
    while seen is not None:
        if isinstance(seen, OSError):
            found = seen
        seen = seen.__cause__ or seen.__context__
    return found
