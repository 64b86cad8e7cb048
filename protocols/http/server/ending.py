"""How a connection is closed."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IHalfCloseableDescriptor, ISSLTransport


def end(transport: Any, *, lingers: bool) -> None:
    """Close `transport` once everything is sent.

    :param lingers: whether the client may still be sending: then only our side is closed, for closing a
        socket with unread input makes the kernel reset it, which can destroy the answer.
    """
    transport.unregisterProducer()
    half = IHalfCloseableDescriptor.providedBy(transport) and not ISSLTransport.providedBy(transport)
    if lingers and half:
        transport.loseWriteConnection()
    else:
        transport.loseConnection()
