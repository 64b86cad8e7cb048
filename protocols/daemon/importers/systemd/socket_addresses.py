"""Where a socket unit listens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.systemd.specifiers import expanded
from protocols.daemon.importers.systemd.unit import Assignment, Unit
from protocols.daemon.spec.address import Address, ip_address

_LISTENING: Final = {"ListenStream": ("tcp", "unix"), "ListenDatagram": ("udp", "unixgram")}
_OTHERS: Final = {
    "ListenSequentialPacket": "there are no sockets of sequential packets",
    "ListenFIFO": "FIFOs are not read",
    "ListenSpecial": "special files are not read",
    "ListenNetlink": "netlink is not listened to",
    "ListenMessageQueue": "message queues are not read",
    "ListenUSBFunction": "USB is not listened to",
}
LISTEN_KEYS: Final = (*_LISTENING, *_OTHERS)


def listen(service: ImportedService, unit: Unit, known: Mapping[str, str]) -> None:
    """Put the addresses of the socket `unit` into `service`.  Raises :class:`SourceError`."""
    for key, why in _OTHERS.items():
        for line in unit.all("Socket", key):
            service.miss(line.place, f"{key}={line.value}", why, is_grave=True)
    protocol = unit.last("Socket", "SocketProtocol")
    if protocol is not None:
        service.refuse(protocol.place, f"SocketProtocol={protocol.value}", "there are only tcp and udp")
    only_ipv6 = unit.text("Socket", "BindIPv6Only") == "ipv6-only"
    for key, schemes in _LISTENING.items():
        for line in unit.all("Socket", key):
            try:
                _listen(service, line, schemes, expanded(line.value, known), only_ipv6=only_ipv6)
            except ValueFault as fault:
                raise line.fault(str(fault)) from fault
    if not service.listen:
        service.refuse(unit.place, "[Socket]", "there is no ListenStream or ListenDatagram that can be had")


def _listen(
    service: ImportedService, line: Assignment, schemes: tuple[str, str], text: str, *, only_ipv6: bool
) -> None:
    internet, local = schemes
    if text.startswith("vsock:"):
        service.miss(line.place, f"{line.key}={text}", "there are no sockets of vsock", is_grave=True)
        return
    url = f"{local}://{text}" if text.startswith("/") else f"{local}:{text}" if text.startswith("@") else ""
    if not url:
        host, port = _host_port(text)
        if host == "::" and not only_ipv6:
            host = ""
        url = f"{internet}://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        service.listen.append(str(Address.parse(url)))
    except ValueError as error:
        raise ValueFault(str(error)) from error


def _host_port(text: str) -> tuple[str, int]:
    """A port alone is for every address, of IPv6 too."""
    match = re.fullmatch(r"(?:(?P<host>\[[^\]]+\]|[0-9.]+):)?(?P<port>[0-9]{1,5})", text)
    if match is None or not 0 < int(match["port"]) <= 65535:
        raise ValueFault(f"a port, ADDRESS:PORT, a path or @NAME is expected, not {text[:60]!r}")
    host = "::" if match["host"] is None else match["host"].strip("[]")
    if ip_address(host) is None:
        raise ValueFault(f"{host[:60]!r} is no address")
    return host, int(match["port"])
