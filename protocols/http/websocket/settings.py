"""What one WebSocket may do, and how long its peer may take."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.stream_limits import MESSAGE_TIME, OUTPUT


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it; sizes in bytes, times in seconds."""

    limit: int = 1024 * 1024
    """The longest message, decompressed (close code 1009): as much as the content of a request."""
    ping: float = 20.0
    """Silence after which the peer is asked for a sign of life; 0: never.  Shorter than the half minute
    after which the first of the boxes on the way forgets a connection."""
    pong_timeout: float = 20.0
    """How long it may take to give one, after which the connection is closed."""
    close_timeout: float = 10.0
    """How long the closing handshake may take, answers that are still owed to the peer included."""
    idle: float = 300.0
    """Without a byte in either direction, or with a peer that does not read; 0: for ever.  A peer that
    answers pings is not idle."""
    message_time: float = MESSAGE_TIME
    """How long a message may take that has begun to come, and a second more for each 500 bytes of it (close
    code 1008); 0: for ever."""
    output: int = OUTPUT
    """Bytes that may be sent while the peer does not read, beyond one message; then it is cut off."""
    compression: bool = True
    """Whether permessage-deflate (RFC 7692) is agreed to where the client offers it."""
    origins: tuple[str, ...] | None = None
    """The origins whose pages may connect, such as ``https://example.org``; ``*`` is any.  ``None``: pages of
    the host that was asked.  A client that names no origin is no browser, and may connect."""
    subprotocols: tuple[str, ...] = ()
    """What is spoken, best first (RFC 6455, section 1.9): the first that the client offers too is chosen."""
