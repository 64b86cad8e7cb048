"""The attacks that are measured."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

from python_load import UPGRADE

GREETING = "GET / HTTP/1.1\r\nHost: localhost\r\n"
# Long enough that no attack comes to its end.
MUCH = 2000


@dataclass(frozen=True, slots=True)
class Held:
    """Connections that are opened, and held."""

    name: str
    service: str
    bystander: str
    """Who asks meanwhile (see :mod:`.bystander`)."""
    count: int
    plan: dict[str, Any]
    """What they do (see :class:`.crowd.Plan`)."""
    patience: float = 0.0
    """Seconds after which the daemon is to have ended every one; 0: it may hold them."""


@dataclass(frozen=True, slots=True)
class Storm:
    """What comes without end."""

    name: str
    service: str
    bystander: str
    kind: str
    """What comes (see :mod:`.storm`)."""
    is_of_one: bool = True
    """Whether it is of one source, and so is to be in nobody's way."""


@dataclass(frozen=True, slots=True)
class Forged:
    """Datagrams from an address that has never shown that it is the sender's."""

    name: str
    service: str


def _client_hello() -> str:
    """How a client begins (latin-1)."""
    context = ssl.create_default_context()
    said = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return said.read().decode("latin-1")


_UPLOAD = f"POST /shout HTTP/1.1\r\nHost: localhost\r\nContent-Length: {10 * MUCH}\r\n\r\n"
_UPGRADE = UPGRADE.replace(b"/echo", b"/live").decode("latin-1")
# A message of a million bytes, masked with zeros.
_FRAME = "\x82\xff" + (1_000_000).to_bytes(8, "big").decode("latin-1") + "\0\0\0\0" + "a" * MUCH
# One of some size, of which each is answered by as much.
_SHORT_FRAME = "\x82\xfe\x40\x00\0\0\0\0" + "a" * 0x4000

SILENT = 10_000
SLOW = 5_000
DEAF = 100

ATTACKS: tuple[Held | Storm | Forged, ...] = (
    Held("silent-lines", "lines", "lines", SILENT, {}, 34),
    Held("silent-http", "web", "web", SILENT, {}, 36),
    Held("silent-tls", "tls", "tls", SILENT, {}, 14),
    Held("slow-line", "lines", "lines", SLOW, {"drip": "a" * MUCH}, 16),
    Held("slow-header", "web", "web", SLOW, {"first": GREETING, "drip": "A: " + "a" * MUCH}, 16),
    Held("slow-body", "web", "web", SLOW, {"first": _UPLOAD, "drip": "a"}, 16),
    Held("slow-handshake", "tls", "tls", SLOW, {"drip": _client_hello()}, 14),
    Held("slow-upgrade", "web", "websocket", SLOW, {"drip": _UPGRADE}, 16),
    Held("slow-frame", "web", "websocket", SLOW, {"first": _UPGRADE, "drip": _FRAME}, 24),
    Held("deaf-lines", "lines", "lines", DEAF, {"torrent": f"{'a' * 1000}\n" * 16, "reads": False}),
    Held(
        "deaf-websocket",
        "web",
        "websocket",
        DEAF,
        {"first": _UPGRADE, "torrent": _SHORT_FRAME, "reads": False},
    ),
    Storm("flood-wait", "waiting", "lines", "connections"),
    Storm("flood-wait-new", "waiting", "new lines", "connections"),
    Storm("flood-refuse", "refusing", "lines", "connections"),
    Storm("flood-refuse-new", "refusing", "new lines", "connections"),
    Storm("flood-datagrams", "datagrams", "datagrams", "datagrams"),
    Storm("flood-datagrams-lines", "datagrams", "lines", "datagrams"),
    Storm("tls-garbage", "tls", "tls", "garbage"),
    Storm("tls-garbage-of-many", "tls", "tls", "garbage of many", is_of_one=False),
    Storm("tls-oversized", "tls", "tls", "oversized"),
    Storm("tls-renegotiate", "tls", "tls", "renegotiations"),
    Forged("forged-chargen", "chargen"),
    Forged("forged-qotd", "qotd"),
)
