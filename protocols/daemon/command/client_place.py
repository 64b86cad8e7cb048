"""From the address of the command line to the place that a client connects to."""

from __future__ import annotations

from protocols.client import Place
from protocols.daemon.spec.address import Address


def place_of(address: Address) -> Place:
    """`address` for :func:`protocols.client.connect`; it is not one of systemd's sockets."""
    assert address.scheme != "fd"
    return Place(address.scheme, address.host, address.port, address.path, address.name, address.interface)
