"""Whom limits count as one, and who has none of their own."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, Literal, TypeAlias

from protocols.peer_address import plain_host
from protocols.session import Peer
from protocols.source import source_of

Exempt: TypeAlias = IPv4Network | IPv6Network | Literal["unix"]

HERE: Final[tuple[Exempt, ...]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"), "unix")
"""This machine: who is on it needs no port of ours to slow it down, and a proxy that runs beside us brings
the clients of the whole world."""

HOSTS: Final = 8192
"""Hosts whose source is remembered; then it is found out anew."""


class Sources:
    """Finds the source of a peer; ``None`` stands for those who are `exempt`."""

    def __init__(self, exempt: Iterable[Exempt] = HERE) -> None:
        self.exempt = tuple(exempt)
        self._networks = tuple(network for network in self.exempt if network != "unix")
        self._known: dict[str, str | None] = {}

    def of_host(self, host: str) -> str | None:
        """The source of an IP address."""
        try:
            return self._known[host]
        except KeyError:
            if len(self._known) >= HOSTS:
                self._known.clear()
            source = self._known[host] = self._find(host)
            return source

    def of(self, peer: Peer) -> str | None:
        """The source of `peer`: for that of a Unix socket its user, as far as the kernel says who it is."""
        if peer.transport not in ("unix", "unixgram"):
            return self.of_host(peer.host)
        if "unix" in self.exempt:
            return None
        return "unix" if peer.credentials is None else f"uid {peer.credentials.uid}"

    def _find(self, host: str) -> str | None:
        try:
            address = ip_address(plain_host(host).partition("%")[0])
        except ValueError:
            return host
        if any(address in network for network in self._networks):
            return None
        return source_of(str(address))
