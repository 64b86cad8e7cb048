"""How much one source may have of a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Over: TypeAlias = Literal["wait", "refuse"]
"""What becomes of a source that is over a limit of its own."""

PARKED: Final = 10.0
"""Seconds a connection waits, unread, for its turn: longer than any honest burst takes to be over, shorter
than most clients' patience."""


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Limits of one service; whatever a source does, others are served as before."""

    connections: int = 1000
    """Connections of all sources: well below the 1024 descriptors that a process commonly may open."""
    per_source: int = 64
    """Connections of one source: a browser opens six, an office behind one address some dozens."""
    connection_rate: float = 20.0
    """New connections of one source a second, on average.  A second's worth may come at once, or as many as
    `per_source` if that is more."""
    message_rate: float = 10_000.0
    """Messages, datagrams or requests of one source a second, on average: about a tenth of what a processor
    answers.  A second's worth may come at once."""
    byte_rate: float = 128 * 1024 * 1024
    """Bytes of one source a second, on average: about a gigabit.  A second's worth may come at once."""
    pending: int = 64
    """Datagrams of one source that may be being answered at a time; of streams each connection counts its
    own."""
    amplification: float = 3.0
    """How many times what came from the address of a datagram may go back there, headers included, until it
    has shown that it is no forged one; as in QUIC (RFC 9000, section 8.1).  0: any number."""
    over: Over = "wait"
