"""Sets of addresses: networks, and the clients of Unix sockets."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address
from typing import Final, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

UNIX: Final = "unix"
"""What stands for whoever comes by a Unix socket, where the others are addresses."""

REMEMBERED: Final = 4096
"""Hosts whose answer is kept: one that comes often is looked for once."""


class Networks:
    """A container of hosts, which :attr:`protocols.session.Peer.host` may or may not be in.

    However many networks there are, a host is found in the logarithm of that.

    :param unix: whether the clients of Unix sockets are in it, whose host is a path or nothing.
    """

    def __init__(self, networks: Iterable[Network] = (), *, unix: bool = False) -> None:
        self.networks = tuple(networks)
        self.unix = unix
        four = collapse_addresses(one for one in self.networks if isinstance(one, IPv4Network))
        six = collapse_addresses(one for one in self.networks if isinstance(one, IPv6Network))
        self._ranges = {4: _ranges(four), 6: _ranges(six)}
        self._holds = lru_cache(maxsize=REMEMBERED)(self._found)

    def __contains__(self, host: object) -> bool:
        return isinstance(host, str) and self._holds(host)

    def covers(self, other: Networks) -> bool:
        """Whether every host that is in `other` is in this."""
        return (self.unix or not other.unix) and all(self._covers(one) for one in other.networks)

    def _covers(self, network: Network) -> bool:
        # Networks that touch are one range, so what is spread over several of them is found too.
        first, last = int(network.network_address), int(network.broadcast_address)
        return self._end(network.version, first) >= last

    def _found(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return self.unix
        return self._end(address.version, int(address)) >= int(address)

    def _end(self, version: int, address: int) -> int:
        """The end of the range that `address` is in or behind; -1 if there is none."""
        begins, ends = self._ranges[version]
        index = bisect_right(begins, address) - 1
        return ends[index] if index >= 0 else -1


def _ranges(networks: Iterable[Network]) -> tuple[list[int], list[int]]:
    """The first and the last address of each run of `networks`, which are in order and do not overlap."""
    begins: list[int] = []
    ends: list[int] = []
    for network in networks:
        first, last = int(network.network_address), int(network.broadcast_address)
        if ends and ends[-1] + 1 == first:
            ends[-1] = last
        else:
            begins.append(first)
            ends.append(last)
    return begins, ends


EVERYBODY: Final = Networks([IPv4Network("0.0.0.0/0"), IPv6Network("::/0")], unix=True)
"""Whoever there is."""
