"""Addresses as URLs: where a service listens."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from protocols.daemon.problems import known_help, quoted
from protocols.daemon.spec.paths import folder_of
from protocols.daemon.spec.sentences import described

Scheme = Literal["tcp", "tls", "udp", "unix", "unixgram", "fd"]
Family = Literal["stream", "datagram"]

SCHEMES: dict[str, Family | None] = {
    "tcp": "stream",
    "tls": "stream",
    "udp": "datagram",
    "unix": "stream",
    "unixgram": "datagram",
    "fd": None,
}
"""Every scheme and its family; ``None`` where only the socket itself tells."""

MAX_UNIX_PATH = 107
"""Bytes of a Unix socket's path: Linux's ``sun_path`` has 108, one of them for the end (unix(7))."""

_PATTERN = (
    r"^((tcp|tls|udp)://(\[[0-9A-Fa-f:.%a-z]+\]|[^/\[\]:]*):[0-9]{1,5}(%.+)?"
    r"|(unix|unixgram):.+|fd://[^/:]+)$"
)
_HOST_PORT = re.compile(r"//(?P<host>\[[^\]]*\]|[^/\[\]:]*)(:(?P<port>[^/%:]*))?(%(?P<interface>.+))?")
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*\.?")
_INTERFACE = re.compile(r"[^\s/%]{1,15}")
_OTHER_SCHEMES = {
    "http": 'write "listen: tcp://…" and "http:" beside it',
    "https": 'write "listen: tls://…" and "http:" beside it',
    "ssl": "write tls://…",
}


@dataclass(frozen=True, slots=True)
class Address:
    """One place to listen; ``str()`` gives the URL back."""

    scheme: Scheme
    host: str = ""
    """An IP address without brackets, or a host name; empty for every interface (tcp, tls, udp)."""
    port: int = 0
    """0 lets the system choose one (tcp, tls, udp)."""
    path: str = ""
    """The socket's path (unix, unixgram); empty for an abstract one."""
    name: str = ""
    """The name in the abstract namespace, without the ``@`` (unix, unixgram), or the name of a
    socket that systemd hands over (fd)."""
    interface: str = ""
    """The network interface of a multicast group (udp)."""

    @property
    def family(self) -> Family | None:
        """``stream`` or ``datagram``; ``None`` for ``fd``, where only the socket itself tells."""
        return SCHEMES[self.scheme]

    @property
    def is_multicast(self) -> bool:
        """Whether this is a multicast group."""
        ip = ip_address(self.host)
        return self.scheme == "udp" and ip is not None and ip.is_multicast

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL.  Raises :class:`ValueError`, whose text says what to write instead."""
        scheme, colon, rest = text.partition(":")
        if scheme not in SCHEMES or not colon:
            raise ValueError(_unknown_scheme(text, scheme, rest))
        if scheme in ("unix", "unixgram"):
            return cls(scheme, **_socket(text, scheme, rest))  # type: ignore[arg-type]
        if not rest.startswith("//"):
            colon = ":" if rest.isdigit() and scheme != "fd" else ""
            raise ValueError(f"{quoted(text)} lacks its slashes; write {scheme}://{colon}{rest}")
        if scheme == "fd":
            return cls("fd", name=_fd_name(text, rest[2:]))
        return cls(scheme, **_internet(text, scheme, rest))  # type: ignore[arg-type]

    def __str__(self) -> str:
        if self.scheme == "fd":
            return f"fd://{self.name}"
        if self.scheme in ("unix", "unixgram"):
            if self.name:
                return f"{self.scheme}:@{self.name}"
            return f"{self.scheme}:{'//' if self.path.startswith('/') else ''}{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        interface = f"%{self.interface}" if self.interface else ""
        return f"{self.scheme}://{host}:{self.port}{interface}"

    def within(self, folder: Path) -> Address:
        """This address with a relative path made to begin in `folder`.

        Raises :class:`ValueError` if the path is then longer than the system allows.
        """
        if not self.path:
            return self
        path = os.path.normpath(folder / self.path)
        length = len(os.fsencode(path))
        if length > MAX_UNIX_PATH:
            raise ValueError(
                f"the socket's path has {length} bytes, and the system allows {MAX_UNIX_PATH}: "
                + quoted(path, 120)
            )
        return replace(self, path=path)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls._validate)

    @classmethod
    def _validate(cls, value: Any, info: ValidationInfo) -> Address:
        if isinstance(value, Address):
            return value
        try:
            if not isinstance(value, str):
                raise ValueError(f"an address such as tcp://:7000 is expected, not {described(value)}")
            address = cls.parse(value)
            folder = folder_of(info)
            return address.within(folder) if folder else address
        except ValueError as error:
            raise PydanticCustomError("address", "{problem}", {"problem": str(error)}) from error

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        examples = ["tcp://:7000", "tls://127.0.0.1:7443", "udp://[::1]:7000", "unix:polyport.sock"]
        return {"type": "string", "pattern": _PATTERN, "examples": examples}


def ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """`host` as an IP address, if it is one."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _unknown_scheme(text: str, scheme: str, rest: str) -> str:
    if scheme in _OTHER_SCHEMES and rest:
        return f"{scheme}:// is no place to listen; {_OTHER_SCHEMES[scheme]}"
    known = ", ".join(SCHEMES)
    if not rest or "/" not in text:
        guess = "tcp://:" + text if text.isdigit() else f"tcp://{text}"
        looks_right = re.fullmatch(r"([^\s/:]*:)?[0-9]{1,5}", text)
        hint = f"; did you mean {guess}?" if looks_right else ""
        return f"{quoted(text)} is no address such as tcp://:7000; known schemes: {known}{hint}"
    return f"the scheme of {quoted(text)} is not known{known_help(scheme, SCHEMES, 'known schemes')}"


def _internet(text: str, scheme: str, rest: str) -> dict[str, Any]:
    match = _HOST_PORT.fullmatch(rest)
    if match is None:
        if rest.count(":") > 1 and "[" not in rest:
            raise ValueError(f"{quoted(text)}: an IPv6 address stands in brackets, as in [::1]:7000")
        raise ValueError(f"{quoted(text)} is not of the form {scheme}://HOST:PORT")
    host, port, interface = match["host"], match["port"], match["interface"] or ""
    if not port:
        raise ValueError(f"{quoted(text)} has no port; write {scheme}://{host}:PORT")
    number = int(port) if re.fullmatch(r"[0-9]{1,9}", port) else -1
    if not 0 <= number <= 65535:
        raise ValueError(f"the port {quoted(port)} is not a number from 0 to 65535")
    host = _host(text, host)
    if interface:
        _check_interface(text, scheme, host, interface)
    return {"host": host, "port": number, "interface": interface}


def _host(text: str, host: str) -> str:
    if host.startswith("["):
        inner = host[1:-1]
        if not isinstance(ip_address(inner), ipaddress.IPv6Address):
            raise ValueError(f"{quoted(text)}: {quoted(inner)} is not an IPv6 address")
        return inner
    if re.fullmatch(r"[0-9.]+", host) and ip_address(host) is None:
        raise ValueError(f"{quoted(text)}: {quoted(host)} is not an IPv4 address")
    if host == "*":
        raise ValueError(f"{quoted(text)}: leave the host out for every interface, as in tcp://:7000")
    if host and not _HOST_NAME.fullmatch(host):
        raise ValueError(f"{quoted(text)}: {quoted(host)} is not a host name or IP address")
    return host


def _check_interface(text: str, scheme: str, host: str, interface: str) -> None:
    ip = ip_address(host)
    if scheme != "udp" or ip is None or not ip.is_multicast:
        raise ValueError(f"{quoted(text)}: %{interface} is only for a multicast group of udp://")
    if not _INTERFACE.fullmatch(interface):
        raise ValueError(f"{quoted(text)}: {quoted(interface)} is not the name of an interface")


def _socket(text: str, scheme: str, rest: str) -> dict[str, Any]:
    if "\0" in rest:
        raise ValueError("a socket's path cannot hold a zero byte")
    if rest.startswith("@"):
        if not rest[1:]:
            raise ValueError(f"{quoted(text)} names no socket")
        if len(os.fsencode(rest[1:])) > MAX_UNIX_PATH:
            raise ValueError(f"the socket's name is longer than {MAX_UNIX_PATH} bytes")
        return {"name": rest[1:]}
    path = rest
    if rest.startswith("//"):
        path = rest[2:]
        if not path.startswith("/"):
            raise ValueError(
                f"{quoted(text)} could mean two paths; write {scheme}:///{path} or {scheme}:{path}"
            )
    if not path or path.endswith("/"):
        raise ValueError(f"{quoted(text)} names no socket")
    return {"path": path}


def _fd_name(text: str, name: str) -> str:
    if not re.fullmatch(r"[^\s/:]{1,255}", name):
        raise ValueError(f"{quoted(text)}: write fd:// and the name that FileDescriptorName= gives")
    return name
