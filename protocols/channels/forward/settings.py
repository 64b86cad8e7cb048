"""How messages are passed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from protocols.channels.forward.backoff import FIRST, LONGEST
from protocols.channels.since import NEW, Since
from protocols.framing import Framing, Lines

Format: TypeAlias = Literal["body", "json"]

TRIES: Final = 5
"""How often a message is tried before it is given up: with the times between, a quarter of a minute, and more
the longer the target has been failing."""

DEADLINE: Final = 15.0
"""Seconds that an attempt may take: what Standard Webhooks recommends, 15 to 30, at its lower end, since all
that follows waits."""

CONNECT: Final = 10.0
"""Seconds from the wish for a connection to one that can be written to, its TLS included; a half of the
deadline if that is less."""

STREAM_INFLIGHT: Final = 1024
"""Messages that are on their way over one stream: what is not certain to have arrived is sent again, and all
of it is in memory."""


@dataclass(frozen=True, slots=True)
class ForwardSettings:
    """All that an operator may choose; each target makes of it what it can."""

    since: Since = NEW
    """Where to begin the first time."""
    key: str = ""
    """Only messages of that key; empty: all."""
    format: Format = "body"
    """The body alone, or the message as JSON (:mod:`protocols.channels.message_json`)."""
    tries: int = TRIES
    """0: for ever."""
    deadline: float = DEADLINE
    """Seconds."""
    backoff: float = FIRST
    """Seconds to wait after the first failure; twice as long after each that follows."""
    longest: float = LONGEST
    """Seconds to wait at most."""
    inflight: int = 0
    """Messages that are on their way at a time; more than one may change their order, where each is answered.
    0: one request, or one message of a stream with answers, or :data:`STREAM_INFLIGHT` of one without."""
    # Of webhooks:
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What requests are signed with (:mod:`protocols.channels.forward.signature`)."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """More fields of requests, such as ``Authorization``: they are secrets."""
    cookies: bool = False
    """Whether cookies that the target sets are sent back to it, for as long as the process lives."""
    redirects: int = 0
    """Redirections to follow, one after the other, of those that keep the method (307 and 308) and lead to
    the same scheme, host and port: the operator has named no other."""
    user_agent: str = "polyport"
    # Of streams:
    framing: Framing = field(default_factory=Lines)
    """How messages are told apart."""
    answers: bool = False
    """Whether the target answers each message with one of its own, in the same framing."""

    @property
    def connect(self) -> float:
        """Seconds that a connection may take."""
        return min(CONNECT, self.deadline / 2)
