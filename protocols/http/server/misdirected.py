"""Requests that have come to the wrong connection (RFC 9110, section 15.5.20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.http.errors import HTTPError

Governs = Callable[[str], bool]
"""Whether a connection is good for requests to a host, which may have a port."""


def governs_of(transport: Any) -> Governs | None:
    """What `transport` says of it; ``None`` for one that is good for all.

    A transport of TLS has an opinion where clients have to prove more for one name than for another: whoever
    came in by the one is not answered for the other (RFC 9110, section 7.4).
    """
    return getattr(transport, "governs", None)


def misdirected(governs: Governs | None, host: str) -> HTTPError | None:
    """What is wrong with a request to `host`, if anything is."""
    if governs is None or governs(host):
        return None
    return HTTPError(421, "This connection was not made for that host")
