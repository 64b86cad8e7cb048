"""A transport as it would be if its peer were who a header says."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import replace
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress, ITransport
from zope.interface import directlyProvides, providedBy

from protocols.guard.proxy_protocol.identity import identified
from protocols.proxy_header import Place, ProxyHeader
from protocols.session import Peer


class ProxiedTransport:
    """Is `transport` in everything but who is at its ends, which `header` says.

    :param header: of a connection that is not local.  Where the proxy does not know who the client is, the
        addresses stay, but not what the kernel says of the proxy.  So they do where a proxy that comes over
        the network speaks for a client of a Unix socket: it is one of another machine, and what rules and
        limits say of those of this one is not about it.
    """

    def __init__(self, transport: ITransport, header: ProxyHeader) -> None:
        self._transport: Any = transport
        self._peer, self._host = transport.getPeer(), transport.getHost()
        foreign = header.family == "unix" and not isinstance(self._peer, UNIXAddress)
        if header.source is not None and header.destination is not None and not foreign:
            self._peer = _address(header, header.source)
            self._host = _address(header, header.destination)
        self._tls = header.tls
        directlyProvides(self, providedBy(transport))
        # Found without __getattr__, since they are called for every read that is answered.
        self.write = self._transport.write
        self.writeSequence = self._transport.writeSequence

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def getPeer(self) -> IAddress:  # noqa: N802 - Twisted's name
        """Where the client is, not the proxy."""
        return self._peer

    def getHost(self) -> IAddress:  # noqa: N802
        """Where the client connected to."""
        return self._host

    def identify(self, peer: Peer) -> Peer:
        """`peer`, with what the proxy says of its TLS; what the kernel says is said of the proxy."""
        return identified(replace(peer, user=None, credentials=None), self._tls)


def _address(header: ProxyHeader, place: Place) -> IAddress:
    if header.family == "unix":
        path = os.fsencode(place.host)
        return UNIXAddress(path or None)
    address = ipaddress.ip_address(place.host)
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is None:
            return IPv6Address("TCP", place.host, place.port)
        # Rules are written for the IPv4 address that it is.
        address = mapped
    return IPv4Address("TCP", str(address), place.port)
