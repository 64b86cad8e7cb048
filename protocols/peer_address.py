"""From a Twisted transport, or a socket address, to a :class:`~protocols.session.Peer`."""

from __future__ import annotations

import socket
import struct
from typing import Final, Protocol

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import ISSLTransport, ITransport

from protocols.account_name import account_name
from protocols.session import Credentials, Peer

IPV4_MAPPED = "::ffff:"
"""How a dual-stack socket writes an IPv4 peer (RFC 4291, section 2.5.5.2)."""

_UCRED: Final = struct.Struct("iII")
"""Process, user and group (``struct ucred``, unix(7))."""


class IdentifiedTransport(Protocol):
    """A transport that knows more of who is at the other end than an address, such as one of TLS."""

    def identify(self, peer: Peer) -> Peer:
        """`peer`, with what this transport and those below it know of it."""


def plain_host(host: str) -> str:
    """`host`, with an IPv4-mapped IPv6 address written as the IPv4 address it is."""
    if host.startswith(IPV4_MAPPED) and "." in host:
        return host[len(IPV4_MAPPED) :]
    return host


def without_port(host: str) -> str:
    """`host` of a URL, which may have a port (RFC 3986, section 3.2), without it; an IPv6 address keeps its
    brackets."""
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host


def stream_peer(transport: ITransport) -> Peer:
    """Who is at the other end of a stream transport, as far as it and those below it know."""
    peer = _addressed(transport)
    # Not by its interface: what wraps a transport hands on what it does not know itself.
    identify = getattr(transport, "identify", None)
    return peer if identify is None else identify(peer)


def _addressed(transport: ITransport) -> Peer:
    address = transport.getPeer()
    if isinstance(address, UNIXAddress):
        name = address.name
        path = "" if name is None else name.decode("utf-8", "backslashreplace")
        credentials = _credentials(transport)
        user = None if credentials is None else account_name(credentials.uid)
        return Peer("unix", path, user=user, credentials=credentials)
    kind = "tls" if ISSLTransport.providedBy(transport) else "tcp"
    if isinstance(address, IPv4Address | IPv6Address):
        return Peer(kind, plain_host(address.host), address.port)
    return Peer(kind, str(address))


def stream_host(transport: ITransport) -> tuple[str, int]:
    """The host and port of our end of a stream transport, as in :class:`~protocols.session.Peer`."""
    address = transport.getHost()
    if isinstance(address, UNIXAddress):
        name = address.name
        return "" if name is None else name.decode("utf-8", "backslashreplace"), 0
    if isinstance(address, IPv4Address | IPv6Address):
        return plain_host(address.host), address.port
    return str(address), 0


def _credentials(transport: ITransport) -> Credentials | None:
    """Whose process made the connection, if the kernel can tell."""
    # What wraps a transport hands on what it does not know itself, down to the socket.
    connected = getattr(transport, "socket", None)
    if not isinstance(connected, socket.socket):
        return None
    try:
        found = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    except OSError:
        return None
    pid, uid, gid = _UCRED.unpack(found)
    return Credentials(uid, gid, pid)


def datagram_peer(address: object) -> Peer:
    """Who sent a datagram, from the address `recvfrom` gave.

    ``(host, port, …)`` for UDP; a path, or nothing for an unnamed socket, for Unix datagrams.
    """
    if isinstance(address, tuple):
        return Peer("udp", plain_host(address[0]), address[1])
    if isinstance(address, bytes):
        return Peer("unixgram", address.decode("utf-8", "backslashreplace"))
    return Peer("unixgram", str(address or ""))
