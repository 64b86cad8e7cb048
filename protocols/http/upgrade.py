"""A request after which the connection speaks another protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IProtocol


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An answer instead of a :class:`~protocols.http.Response`: from here on the bytes are `protocol`'s.

    Over HTTP/1.1 that is status 101 (RFC 9110, section 7.8); over HTTP/2 status 200 to an extended
    CONNECT (RFC 8441), whose stream is the transport.

    The transport that `protocol` is given is an ``ITransport``, an ``IConsumer`` and an ``IPushProducer`` of
    Twisted's, and has ``abortConnection``.
    """

    protocol: IProtocol
    token: str
    """What stands in the Upgrade header, such as ``websocket``."""
    headers: tuple[tuple[str, str], ...] = ()
    """More header fields of the answer."""
    drain: Callable[[], None] | None = None
    """Asks `protocol` to end soon, as the service stops; without one its transport is closed."""
