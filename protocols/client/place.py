"""Where a server is, as a URL says it."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import Final, Literal, Self

from protocols.known_words import known_help, quoted

Scheme = Literal["tcp", "tls", "udp", "unix", "unixgram"]

SCHEMES: Final = ("tcp", "tls", "udp", "unix", "unixgram")

MAX_UNIX_PATH: Final = 107
"""Bytes of a Unix socket's path: Linux's ``sun_path`` has 108, one of them for the end (unix(7))."""

_INTERNET = re.compile(
    r"//(?P<host>\[[^\]]*\]|[^/\[\]:%]*):(?P<port>[0-9]{1,5})(%(?P<interface>[^\s/%]{1,15}))?"
)


@dataclass(frozen=True, slots=True)
class Place:
    """One server; ``str()`` gives its URL."""

    scheme: Scheme
    host: str = ""
    """An IP address without brackets, or a host name; empty for this machine (tcp, tls, udp)."""
    port: int = 0
    path: str = ""
    """The socket's path (unix, unixgram); empty for an abstract one."""
    name: str = ""
    """The name in the abstract namespace, without the ``@`` (unix, unixgram)."""
    interface: str = ""
    """The network interface that multicast leaves through (udp)."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read ``tcp://HOST:PORT``, ``tls://HOST:PORT``, ``udp://HOST:PORT``, ``unix:///PATH``,
        ``unix:@NAME`` or ``unixgram:///PATH``; an IPv6 address stands in brackets.

        Raises :class:`ValueError`, whose text says what is wrong.
        """
        scheme, _, rest = url.partition(":")
        if scheme not in SCHEMES:
            raise ValueError(
                f"the scheme of {quoted(url)} is not known{known_help(scheme, SCHEMES, 'known schemes')}"
            )
        if scheme in ("unix", "unixgram"):
            return cls(scheme, path=_path(url, rest), name=rest[1:] if rest.startswith("@") else "")  # type: ignore[arg-type]
        match = _INTERNET.fullmatch(rest)
        if match is None:
            raise ValueError(f"{quoted(url)} is not of the form {scheme}://HOST:PORT")
        port = int(match["port"])
        if not 1 <= port <= 65535:
            raise ValueError(f"{quoted(url)} has no port to send to")
        return cls(scheme, _host(url, match["host"]), port, interface=match["interface"] or "")  # type: ignore[arg-type]

    @property
    def datagrams(self) -> bool:
        """Whether messages are datagrams, which have no connection."""
        return self.scheme in ("udp", "unixgram")

    @property
    def multicast(self) -> bool:
        """Whether this is a multicast group."""
        return self.scheme == "udp" and _is_multicast(self.host)

    @property
    def unix(self) -> str:
        """What the system takes for the address of this Unix socket."""
        return self.path or f"\0{self.name}"

    def __str__(self) -> str:
        if self.name:
            return f"{self.scheme}:@{self.name}"
        if self.path:
            return f"{self.scheme}:{'//' if self.path.startswith('/') else ''}{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}" + (f"%{self.interface}" if self.interface else "")


def _host(url: str, host: str) -> str:
    if not host.startswith("["):
        return host
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        raise ValueError(f"{quoted(url)}: {quoted(host[1:-1])} is not an IPv6 address") from None
    return host[1:-1]


def _path(url: str, rest: str) -> str:
    name = rest.removeprefix("@")
    path = rest[2:] if rest.startswith("//") else rest
    if rest.startswith("//") and not path.startswith("/"):
        raise ValueError(f"{quoted(url)} could mean two paths; write three slashes, or none")
    if not name or not path or path.endswith("/") or "\0" in path:
        raise ValueError(f"{quoted(url)} names no socket")
    if len(os.fsencode(path)) > MAX_UNIX_PATH:
        raise ValueError(f"{quoted(url)}: the system allows {MAX_UNIX_PATH} bytes for the path of a socket")
    return "" if rest.startswith("@") else path


def _is_multicast(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_multicast
    except ValueError:
        return False
