"""Where a line of inetd.conf listens."""

from __future__ import annotations

import re
from typing import Final

from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.inetd.parser import Line
from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.port_names import port_of, unknown_port
from protocols.daemon.spec.address import Address, ip_address

_PROTOCOL: Final = re.compile(
    r"(?P<name>tcp|udp)(?P<version>4|6|46|64|6only)?(?P<options>(,[a-z]+=[0-9]+[kKmM]?)*)"
)


def listen(service: ImportedService, line: Line) -> bool:
    """Put the addresses of the service into `service`; ``False`` if it can have none."""
    base = line.protocol.partition(",")[0]
    if line.socket_type not in ("stream", "dgram"):
        service.refuse(line.place, line.socket_type, "there are only streams and datagrams")
    elif base.startswith("rpc/"):
        text = "services are not registered with rpcbind; run it on its own, as a service of systemd"
        service.refuse(line.place, line.protocol, text)
    elif line.name.startswith("tcpmux/"):
        text = "there is no TCPMUX; give the service a port of its own"
        service.refuse(line.place, line.name, text)
    elif base == "unix":
        _unix(service, line)
        return True
    elif match := _PROTOCOL.fullmatch(line.protocol):
        return _internet(service, line, match)
    else:
        service.refuse(line.place, line.protocol, "there are only tcp, udp and unix")
    return False


def _internet(service: ImportedService, line: Line, match: re.Match[str]) -> bool:
    scheme = match["name"]
    if (scheme == "tcp") != (line.socket_type == "stream"):
        raise ValueFault(f"{line.protocol} has no sockets of type {line.socket_type}")
    if match["options"]:
        text = "the kernel chooses the sizes of buffers (net.ipv4.tcp_rmem and tcp_wmem)"
        service.miss(line.place, match["options"][1:], text)
    port = port_of(line.name, scheme)
    if port is None:
        service.refuse(line.place, line.name, unknown_port(line.name, scheme))
        return False
    hosts = [host.strip("[]") for host in line.host.split(",")] if line.host else [_every(match["version"])]
    for host in hosts:
        written = f"[{host}]" if ip_address(host) is not None and ":" in host else host
        try:
            service.listen.append(str(Address.parse(f"{scheme}://{written}:{port}")))
        except ValueError as error:
            raise ValueFault(str(error)) from error
    return True


def _every(version: str | None) -> str:
    """The host of the URL for all addresses: unless a version is said, those of both."""
    return {"4": "0.0.0.0", "6": "::", "6only": "::"}.get(version or "", "")  # noqa: S104 - as it was


def _unix(service: ImportedService, line: Line) -> None:
    """A path, or with FreeBSD ``:user:group:mode:/path``."""
    path = line.name
    if path.startswith(":"):
        owner, path = path.rpartition(":")[0], path.rpartition(":")[2]
        text = "a socket belongs to the daemon and its group, who may connect (mode 0660)"
        service.miss(line.place, owner, text, is_grave=True)
    if not path.startswith("/"):
        raise ValueFault(f"the path of a Unix socket is expected, not {line.name[:60]!r}")
    scheme = "unix" if line.socket_type == "stream" else "unixgram"
    try:
        service.listen.append(str(Address.parse(f"{scheme}://{path}")))
    except ValueError as error:
        raise ValueFault(str(error)) from error
    service.name = path.rpartition("/")[2]
    if service.listen and not service.missed:
        text = "others than the daemon's user and group cannot connect (mode 0660); give clients its group"
        service.remark(text)
