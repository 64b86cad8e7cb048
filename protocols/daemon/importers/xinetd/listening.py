"""Where a service of xinetd listens."""

from __future__ import annotations

from typing import Final, Literal

from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.port_names import port_of, unknown_port
from protocols.daemon.importers.xinetd.settings import Settings
from protocols.daemon.spec.address import Address, ip_address

Scheme = Literal["tcp", "udp"]

_BY_TYPE: Final[dict[str, Scheme]] = {"stream": "tcp", "dgram": "udp"}
_BY_PROTOCOL: Final[dict[str, Scheme]] = {"tcp": "tcp", "tcp6": "tcp", "udp": "udp", "udp6": "udp"}


def listen(service: ImportedService, settings: Settings) -> Scheme | None:
    """Put the address of the service into `service`, and tell its scheme; ``None`` if it can have none."""
    scheme = _scheme(service, settings)
    if scheme is None:
        return None
    port = _port(service, settings, scheme)
    if port is None:
        return None
    host = _host(settings)
    try:
        service.listen.append(str(Address.parse(f"{scheme}://{host}:{port}")))
    except ValueError as error:
        raise settings.fault("bind", str(error)) from error
    return scheme


def _scheme(service: ImportedService, settings: Settings) -> Scheme | None:
    kind, protocol = settings.text("socket_type"), settings.text("protocol")
    if kind and kind not in ("stream", "dgram", "raw", "seqpacket"):
        raise settings.fault("socket_type", f"stream or dgram is expected, not {kind[:40]!r}")
    by_type, by_protocol = _BY_TYPE.get(kind), _BY_PROTOCOL.get(protocol)
    if kind and by_type is None:
        service.refuse(settings.place("socket_type"), f"socket_type = {kind}", "there are only tcp and udp")
    elif protocol and by_protocol is None:
        service.refuse(settings.place("protocol"), f"protocol = {protocol}", "there are only tcp and udp")
    elif by_type and by_protocol and by_type != by_protocol:
        text = f"{protocol} has no sockets of type {kind}"
        service.refuse(settings.place("protocol"), f"protocol = {protocol}", text)
    elif by_type is None and by_protocol is None:
        raise settings.fault("socket_type", "is missing: stream or dgram")
    else:
        return by_type or by_protocol
    return None


def _port(service: ImportedService, settings: Settings, scheme: Scheme) -> int | None:
    name = settings.entry.name
    text = settings.text("port") or name
    port = settings.read("port", lambda _: port_of(text, scheme))
    if port is None:
        service.refuse(settings.place("port"), f"service {name}", unknown_port(text, scheme))
    return port


def _host(settings: Settings) -> str:
    """The host of the URL: unless something is said, xinetd listens for IPv4 only; with IPv6, for both."""
    bound = settings.text("bind")
    if bound:
        return f"[{bound}]" if ip_address(bound) is not None and ":" in bound else bound
    if settings.flag("IPv6"):
        return "[::]" if settings.text("v6only") == "yes" else ""
    return "0.0.0.0"  # noqa: S104 - as it was
