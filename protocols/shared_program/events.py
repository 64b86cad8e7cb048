"""What a shared program hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from protocols.shared_program.clients import Client


@dataclass(frozen=True, slots=True)
class Peer:
    """Who a client is, as far as anything knows."""

    transport: str
    """``tcp``, ``tls``, ``unix``, ``udp``, ``unixgram``, ``ws`` or ``wss``."""
    host: str = ""
    port: int = 0
    user: str | None = None
    certificate: str | None = None
    """The subject of its certificate."""


@dataclass(frozen=True, slots=True)
class Open:
    """A client has come."""

    client: Client


@dataclass(frozen=True, slots=True)
class Message:
    """It has sent `data`: text as ``str``, anything else as ``bytes``."""

    client: Client
    data: str | bytes


@dataclass(frozen=True, slots=True)
class End:
    """It sends no more, and reads what it is still owed: answer that, and close it."""

    client: Client


@dataclass(frozen=True, slots=True)
class Close:
    """It has gone; what is sent to it is ignored."""

    client: Client
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Slow:
    """It does not read what it is sent: send no more than it can do without."""

    client: Client


@dataclass(frozen=True, slots=True)
class Ready:
    """It reads again."""

    client: Client


@dataclass(frozen=True, slots=True)
class Tick:
    """The seconds that :class:`~protocols.shared_program.Clients` was given have passed."""


Event: TypeAlias = Open | Message | End | Close | Slow | Ready | Tick
