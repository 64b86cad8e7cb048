"""The addresses of a service, as servers of AsyncAPI."""

from __future__ import annotations

from typing import Any

from protocols.daemon.spec.address import Address
from protocols.daemon.spec.service import ServiceSpec


def server_name(service: str, spec: ServiceSpec, index: int) -> str:
    """What the server at the address `index` of a service is called."""
    return service if len(spec.listen) == 1 else f"{service}-{index + 1}"


def socket_server(address: Address) -> dict[str, Any]:
    """The server for messages on the socket itself."""
    return {"host": _host(address), "protocol": address.scheme, "description": str(address)}


def web_server(address: Address) -> dict[str, Any]:
    """The server for WebSockets."""
    protocol = "wss" if address.scheme == "tls" else "ws"
    host = _host(address)
    by_name = address.scheme in ("tcp", "tls")
    return {
        "host": host,
        "protocol": protocol,
        "description": f"{protocol}://{host}" if by_name else str(address),
    }


def _host(address: Address) -> str:
    if address.scheme not in ("tcp", "tls", "udp"):
        return address.path or address.name
    name = address.host or "localhost"
    return f"[{name}]:{address.port}" if ":" in name else f"{name}:{address.port}"
