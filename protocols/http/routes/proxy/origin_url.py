"""Where an origin is, as its operator writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from protocols.http.errors import HTTPError
from protocols.http.target import decode_path

MAX_UNIX_PATH: Final = 107
"""Bytes of a Unix socket's path (unix(7))."""

PORTS: Final = {"http": 80, "https": 443}

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*\.?|[0-9a-f:.]+")
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")


@dataclass(frozen=True, slots=True)
class OriginURL:
    """``http://HOST[:PORT][PATH]``, ``https://…``, or ``unix:SOCKET[:PATH]`` for HTTP over a Unix socket,
    whose path may be relative or, behind an ``@``, abstract.  ``str()`` gives the URL back."""

    scheme: Literal["http", "https"]
    host: str = ""
    """A name, or an IP address without brackets; empty for a Unix socket."""
    port: int = 0
    socket: str = ""
    """The path of the Unix socket; one that begins with ``@`` is abstract."""
    base: str | None = None
    """What the path of the route becomes, still encoded; ``None``: paths go through unchanged."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL.  Raises :class:`ValueError`, whose text says what is wrong with it."""
        scheme, colon, rest = text.partition(":")
        if scheme == "unix" and colon:
            return cls._unix(text, rest)
        if scheme not in ("http", "https") or not rest.startswith("//"):
            raise ValueError(
                f'"{text}" is not the URL of an origin: http://HOST:PORT, https://HOST or unix:PATH'
            )
        parts = urlsplit(text)
        if parts.query or parts.fragment or "?" in text or "#" in text:
            raise ValueError(f'"{text}": an origin has a path at most, no query and no fragment')
        if "@" in parts.netloc:
            raise ValueError(f"the URL of the origin {parts.hostname} holds credentials, which are not sent")
        try:
            port = parts.port
        except ValueError:
            port = 0
        if port == 0 or parts.netloc.endswith(":"):
            raise ValueError(f'"{text}": the port is not a number from 1 to 65535')
        host = parts.hostname or ""
        if not _HOST.fullmatch(host):
            raise ValueError(f'"{text}" names no host')
        base = _checked_base(text, parts.path) if parts.path else None
        return cls(scheme, host, port or PORTS[scheme], base=base)  # type: ignore[arg-type]  # one of two

    @classmethod
    def _unix(cls, text: str, rest: str) -> Self:
        socket, separator, path = rest.partition(":/")
        base = _checked_base(text, "/" + path) if separator else None
        if socket.startswith("//"):
            socket = socket[2:]
            if not socket.startswith("/"):
                raise ValueError(f'"{text}" could mean two paths; write unix:///{socket} or unix:{socket}')
        if not socket.removeprefix("@") or socket.endswith("/") or "\0" in socket:
            raise ValueError(f'"{text}" names no socket')
        if len(socket.encode()) > MAX_UNIX_PATH:
            raise ValueError(f"the path of the socket is longer than {MAX_UNIX_PATH} bytes")
        return cls("http", socket=socket, base=base)

    def within(self, folder: Path) -> Self:
        """The same with a relative path of a socket made to begin in `folder`.

        Raises :class:`ValueError` if it is then too long.
        """
        if not self.socket or self.socket.startswith("@"):
            return self
        path = str(folder / self.socket)
        if len(path.encode()) > MAX_UNIX_PATH:
            raise ValueError(f"the path of the socket is longer than {MAX_UNIX_PATH} bytes")
        return replace(self, socket=path)

    @property
    def authority(self) -> str:
        """The host and port, as in a Host header (RFC 9110, section 7.2)."""
        if self.socket:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        if self.socket:
            slashes = "//" if self.socket.startswith("/") else ""
            return f"unix:{slashes}{self.socket}" + (f":{self.base}" if self.base else "")
        return f"{self.scheme}://{self.authority}{self.base or ''}"


def _checked_base(text: str, path: str) -> str:
    try:
        decoded = decode_path(path)
    except HTTPError as error:
        raise ValueError(f'"{text}": {error.detail}') from None
    if "//" in decoded or not _PATH.fullmatch(path):
        raise ValueError(f'"{text}": the path holds "//", or a character that must be escaped')
    return path
