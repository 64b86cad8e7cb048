"""Why a channel does not do what a client asked for, as HTTP says it."""

from __future__ import annotations

from typing import Final

from protocols.channels.errors import ChannelError, RefusedError, TooLargeError, UnknownError
from protocols.http.errors import HTTPError

RETRY_AFTER: Final = 5
"""Seconds after which a client may try again: a disk that hangs, or a server that is started anew, is often
back by then."""


def refusal(error: ChannelError) -> HTTPError:
    """What to tell the client of `error`: it depends on whose fault it is (RFC 9110, section 15)."""
    if isinstance(error, TooLargeError):
        return HTTPError(413, str(error))
    if isinstance(error, RefusedError):
        return HTTPError(422, str(error))
    if isinstance(error, UnknownError):
        return HTTPError(404, str(error))
    return HTTPError(503, str(error), {"Retry-After": str(RETRY_AFTER)})
