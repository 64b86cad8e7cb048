"""Where messages are posted to, as the operator writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, Self
from urllib.parse import urlsplit

PORTS: Final = {"http": 80, "https": 443}

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_-]+)*\.?|[0-9a-f:.]+")
_TARGET = re.compile(r"/[!-~]*")


@dataclass(frozen=True, slots=True)
class WebhookURL:
    """``https://HOST[:PORT][/PATH][?QUERY]`` or ``http://…``.

    ``str()`` and ``repr()`` give the origin only: a path or a query is a secret where its receiver knows
    nothing else of who may send.
    """

    scheme: Literal["http", "https"]
    host: str
    """A name, or an IP address without brackets."""
    port: int
    target: str = field(default="/", repr=False)
    """The path and the query, as they are sent (RFC 9112, section 3.2.1)."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL.  Raises :class:`ValueError`, whose text says what is wrong with it."""
        try:
            parts = urlsplit(text)
            scheme, host = parts.scheme, parts.hostname or ""
        except ValueError:
            raise ValueError(f'"{_shown(text)}" is no URL') from None
        if scheme not in PORTS:
            raise ValueError(f'"{_shown(text)}" is no URL to post to: https://HOST/PATH or http://HOST/PATH')
        if "@" in parts.netloc:
            raise ValueError(f"the URL of {host} holds credentials; they belong in a header")
        try:
            port = PORTS[scheme] if parts.port is None else parts.port
        except ValueError:
            port = 0
        if port == 0 or parts.netloc.endswith(":"):
            raise ValueError(f'"{_shown(text)}": the port is not a number from 1 to 65535')
        if not _HOST.fullmatch(host):
            raise ValueError(f'"{_shown(text)}" names no host')
        if "#" in text:
            raise ValueError(f'"{_shown(text)}": a fragment is not sent to anybody')
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not _TARGET.fullmatch(target):
            raise ValueError(f'"{_shown(text)}": its path or query has a character that must be escaped')
        return cls(scheme, host, port, target)  # type: ignore[arg-type]  # one of two

    @property
    def octets(self) -> bytes:
        """All of it, for a request."""
        return f"{self}{self.target}".encode()

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == PORTS[self.scheme] else f":{self.port}")


def _shown(text: str) -> str:
    """The part of what may be a URL that holds no secret."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return re.split(r"[/?#]", text, maxsplit=1)[0][:60]
    return f"{scheme}://{re.split('[/?#]', rest, maxsplit=1)[0].rpartition('@')[2]}"[:200]
