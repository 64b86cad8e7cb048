"""Whom limits count as one, and who has none of their own."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Final

from protocols.networks import Networks
from protocols.peer_address import plain_host
from protocols.session import Peer
from protocols.source import source_of

HERE: Final = Networks([ip_network("127.0.0.0/8"), ip_network("::1")], unix=True)
"""This machine: who is on it needs no port of ours to slow it down, and a proxy that runs beside us brings
the clients of the whole world."""

HOSTS: Final = 8192
"""Hosts whose source is remembered; then it is found out anew."""


class Sources:
    """Finds the source of a peer; ``None`` stands for those who are `exempt`."""

    def __init__(self, exempt: Networks = HERE) -> None:
        self.exempt = exempt
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
        if self.exempt.unix:
            return None
        return "unix" if peer.credentials is None else f"uid {peer.credentials.uid}"

    def _find(self, host: str) -> str | None:
        plain = plain_host(host).partition("%")[0]
        # What is no address is no client of a Unix socket either.
        is_exempt = (":" in plain or "." in plain) and plain in self.exempt
        return None if is_exempt else source_of(plain)
