"""How a target is connected to."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    UNIXClientEndpoint,
)
from twisted.internet.interfaces import IStreamClientEndpoint

from protocols.handlers.forward.target import Target

ATTEMPT_DELAY = 0.025
"""Seconds until the next address of a name is tried beside the first (RFC 8305, section 5, wants 10 ms at
least); also what it costs that ``localhost`` may be an address on which nobody listens."""


def endpoint_for(target: Target, reactor: Any, timeout: float) -> IStreamClientEndpoint:
    """The endpoint of `target`, without its TLS; a connection has `timeout` seconds to come about."""
    seconds: Any = timeout  # Twisted says int, and counts in fractions
    endpoint: IStreamClientEndpoint
    if target.path:
        endpoint = UNIXClientEndpoint(reactor, target.address, timeout=seconds)
    elif not target.is_address:
        endpoint = HostnameEndpoint(
            reactor, target.host, target.port, timeout=seconds, attemptDelay=ATTEMPT_DELAY
        )
    elif ":" in target.host:
        endpoint = TCP6ClientEndpoint(reactor, target.host, target.port, timeout=seconds)
    else:
        endpoint = TCP4ClientEndpoint(reactor, target.host, target.port, timeout=seconds)
    return endpoint
