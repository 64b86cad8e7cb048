"""Where things are passed on to, as the operator writes it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final, Literal, Self, TypeAlias

Scheme: TypeAlias = Literal["tcp", "tls", "udp", "unix", "unixgram"]

SCHEMES: Final[tuple[Scheme, ...]] = ("tcp", "tls", "udp", "unix", "unixgram")

MAX_UNIX_PATH: Final = 107
"""Bytes of a Unix socket's path (unix(7))."""

_PLACE = re.compile(r"//(\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9_.-]+)):(?P<port>[0-9]{1,5})")
_NUMBERS = re.compile(r"[0-9.]+")
_IPV4 = re.compile(r"((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}")


@dataclass(frozen=True, slots=True)
class Target:
    """``tcp://HOST:PORT``, ``tls://HOST:PORT``, ``udp://HOST:PORT``, ``unix:PATH`` or ``unixgram:PATH``;
    ``str()`` gives the URL back."""

    scheme: Scheme
    host: str = ""
    """A name, or an IP address without brackets; empty for a Unix socket."""
    port: int = 0
    path: str = ""
    """Of the Unix socket; one that begins with ``@`` is abstract."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL.  Raises :class:`ValueError`, whose text says what is wrong with it."""
        name, colon, rest = text.partition(":")
        scheme = next((known for known in SCHEMES if known == name), None)
        if scheme is None or not colon:
            raise ValueError(
                f'"{text}" is no place to forward to: tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT, '
                "unix:PATH or unixgram:PATH"
            )
        if scheme in ("unix", "unixgram"):
            return cls(scheme, path=_path(text, rest))
        found = _PLACE.fullmatch(rest)
        if found is None:
            raise ValueError(f'"{text}" is not of the form {scheme}://HOST:PORT')
        if not 0 < int(found["port"]) < 65536:
            raise ValueError(f'"{text}": the port is not a number from 1 to 65535')
        return cls(scheme, _host(text, found["six"], found["host"]), int(found["port"]))

    @property
    def is_stream(self) -> bool:
        """Whether a stream is passed on there; otherwise datagrams."""
        return self.scheme not in ("udp", "unixgram")

    @property
    def address(self) -> str:
        """Of the socket of :attr:`path`, as the kernel takes it."""
        return "\0" + self.path[1:] if self.path.startswith("@") else self.path

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address, and no name."""
        return ":" in self.host or _IPV4.fullmatch(self.host) is not None

    def within(self, folder: Path) -> Self:
        """The same with a relative path of a socket made to begin in `folder`.

        Raises :class:`ValueError` if it is then too long.
        """
        if not self.path or self.path.startswith("@"):
            return self
        return replace(self, path=_short(os.path.normpath(folder / self.path)))

    def __str__(self) -> str:
        if self.path:
            return f"{self.scheme}:{'//' if self.path.startswith('/') else ''}{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def _host(text: str, six: str | None, host: str) -> str:
    if six is not None:
        try:
            return str(IPv6Address(six))
        except ValueError:
            raise ValueError(f'"{text}": "{six}" is not an IPv6 address') from None
    if _NUMBERS.fullmatch(host) and not _IPV4.fullmatch(host):
        raise ValueError(f'"{text}": "{host}" is not an IPv4 address')
    return host


def _path(text: str, rest: str) -> str:
    path = rest
    if rest.startswith("//"):
        path, kind = rest[2:], text.partition(":")[0]
        if not path.startswith("/"):
            raise ValueError(f'"{text}" could mean two paths; write {kind}:///{path} or {kind}:{path}')
    if not path.removeprefix("@") or path.endswith("/") or "\0" in path:
        raise ValueError(f'"{text}" names no socket')
    return _short(path)


def _short(path: str) -> str:
    if len(os.fsencode(path)) > MAX_UNIX_PATH:
        raise ValueError(f"the path of the socket is longer than {MAX_UNIX_PATH} bytes")
    return path
