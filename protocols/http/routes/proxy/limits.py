"""How long, and how much, a proxy waits for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProxyLimits:
    """All of them; times in seconds."""

    connect: float = 5.0
    """From the wish for a connection to one that can be written to, TLS included (status 504), and how
    long a request waits for one where all are in use (status 503).  An origin is near; a connection
    that takes longer seldom comes at all."""
    timeout: float = 30.0
    """From the end of a request to the head of its response (status 504)."""
    idle: float = 60.0
    """Between two pieces of a response, and while an origin reads nothing of a request."""
    keep_alive: float = 4.0
    """How long an unused connection is kept.  Less than the 5 s after which some common servers close
    theirs, so that few requests meet a connection that is just being closed."""
    connections: int = 100
    """Connections to one origin, tunnels included."""
    queue: int = 100
    """Requests that wait where all connections are in use; more get status 503."""
    failures: int = 3
    """Failures of an origin in a row after which it is left out."""
    out: float = 10.0
    """How long that lasts."""

    @property
    def sweep(self) -> float:
        """Seconds between two looks at what may have taken too long: how exact the times are."""
        return min(1.0, min(self.connect, self.timeout, self.idle, self.keep_alive) / 4)
