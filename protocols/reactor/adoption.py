"""Sockets that listen or are bound already, given to whatever reactor runs.

Twisted's own adoption takes no Unix datagrams, and whoever shares a Unix socket loses it: it is shut down for
everybody.  Our ports do neither, and run on any reactor, but use names that Twisted does not promise.  Where
those have changed, Twisted's own are all there is.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import Logger

from protocols.reactor.obstacle import obstacle

log = Logger(namespace="polyport")


def cannot_adopt(bound: socket.socket) -> str | None:
    """Why nothing here can serve `bound`, if so it is."""
    if bound.family == socket.AF_UNIX and bound.type == socket.SOCK_DGRAM and (why := obstacle()):
        return f"datagrams over a Unix socket cannot be served: {why}"
    return None


def adopt_stream(listening: socket.socket, factory: IProtocolFactory, reactor: Any) -> Any:
    """Serve `factory` on a duplicate of `listening`.

    :returns: an :class:`~twisted.internet.interfaces.IListeningPort` that has started.
    """
    if listening.family != socket.AF_UNIX:
        return reactor.adoptStreamPort(listening.fileno(), listening.family, factory)
    if _warned(listening):
        port: Any = reactor.adoptStreamPort(listening.fileno(), listening.family, factory)
        # Whoever has bound the path removes it, and may have done so by then: Twisted would raise, and leave
        # the socket open.
        port._bindPath = b"\0"
        return port
    from protocols.reactor.stream_ports import AdoptedUnixPort

    port = AdoptedUnixPort(listening.dup(), factory, reactor)
    port.startListening()
    return port


def adopt_datagrams(bound: socket.socket, protocol: Any, size: int, reactor: Any) -> Any:
    """Serve `protocol`, a :class:`~twisted.internet.protocol.DatagramProtocol`, on a duplicate of `bound`.

    :param size: bytes of the longest datagram that is taken.
    :returns: an :class:`~twisted.internet.interfaces.IListeningPort` that has started.

    Ask :func:`cannot_adopt` first.
    """
    if obstacle():
        return reactor.adoptDatagramPort(bound.fileno(), bound.family, protocol, size)
    from protocols.reactor.datagram_ports import adopted

    port = adopted(bound.dup(), protocol, size, reactor)
    port.startListening()
    return port


def _warned(listening: socket.socket) -> bool:
    """Whether only Twisted's own port can be used; if so, a line in the log tells what that means."""
    if why := obstacle():
        log.warn(
            "{path} is shut down for every process that shares it, at the end: {why}",
            path=listening.getsockname(),
            why=why,
        )
    return why is not None
