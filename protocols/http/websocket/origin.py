"""Which web pages may open a WebSocket.

Browsers let every page connect to every host, with the cookies of that host, and only say in the Origin
header whose page it is (RFC 6455, section 10.2): who does not look lets other sites act for its users.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocols.http.request import RequestHead

ANY: Final = "*"

_PORTS: Final = {"http": ":80", "https": ":443"}


def is_allowed(request: RequestHead, origins: Sequence[str] | None) -> bool:
    """Whether the page that makes `request` may connect: one of `origins`, or ``None``, of the host it asks.

    The scheme is not compared with ours, for something in front of us may have done the TLS.
    """
    named = request.headers.all("origin")
    if not named:
        return True  # no browser
    if origins is not None and ANY in origins:
        return True
    if len(named) > 1:
        return False
    origin = named[0].lower()
    if origins is not None:
        return origin in origins
    scheme, _, host = origin.partition("://")
    port = _PORTS.get(scheme)
    if port is None or not host:
        return False
    return host.removesuffix(port) == request.host.lower().removesuffix(port)
