"""Metrics that more people can read than they are probably meant for."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.daemon.checks.parts import Parts
from protocols.daemon.problems import Path, Problem
from protocols.daemon.spec.address import Address, ip_address
from protocols.daemon.spec.service import ServiceSpec


def warnings(parts: Parts) -> Iterator[Problem]:
    """Metrics on an address that other machines reach, where nothing says who may have them."""
    if parts.server is not None and parts.server.metrics is not None and is_reached(parts.server.metrics):
        text = (
            "whoever reaches this address may read how the daemon is: listen on an address of this machine, "
            "or have a route with metrics, and access or auth, instead"
        )
        yield parts.origin.problem(("server", "metrics"), text, safe=True)
    for path, service in parts.enabled():
        if service.access is None and any(is_reached(address) for address in service.listen):
            for place in _open_routes(service):
                text = (
                    "whoever reaches this service may read how the daemon is, all of it: "
                    "neither access nor auth says who may"
                )
                yield parts.origin.problem((*path, *place, "metrics"), text, safe=True)


def is_reached(address: Address) -> bool:
    """Whether other machines reach `address`; of sockets that systemd hands over nobody knows."""
    if address.scheme not in ("tcp", "tls"):
        return False
    ip = ip_address(address.host)
    if ip is None:
        return address.host.lower() != "localhost"
    return not (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def _open_routes(service: ServiceSpec) -> Iterator[Path]:
    for place, route in service.routes:
        if route.metrics is not None and route.access is None and route.auth is None:
            yield place
