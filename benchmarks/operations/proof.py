"""What a proof is made with, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RATES = {
    "lines": 1000.0,
    "new lines": 50.0,
    "web": 800.0,
    "slow web": 20.0,
    "websocket": 500.0,
    "datagrams": 1000.0,
}
"""Questions a second: the daemon is busy for a third of its core with them."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is tried; what stands here is all of it."""

    reloads: int = 50
    """That change what nobody of the load asks."""
    own_reloads: int = 20
    """That change what the load asks."""
    period: float = 2.0
    """Seconds from one reload of another service to the next."""
    own_period: float = 1.0
    """The same of the services under load: the last is before the first's old connections have to end."""
    rounds: int = 10
    """Times that the load has reloads, and as long has none."""
    kills: int = 10
    upgrades: int = 10
    terms: int = 10
    days: int = 20
    """Rounds of the long life."""
    channel_kills: int = 100
    """Of a daemon that is published to."""
    messages: int = 10_000_000
    connections: int = 100_000
    rates: Mapping[str, float] = field(default_factory=lambda: RATES)


@dataclass(slots=True)
class Proof:
    """One of them."""

    title: str
    figures: list[str] = field(default_factory=list)
    """Lines for people."""
    missed: list[str] = field(default_factory=list)
    """What was to be, and is not."""
    slow: list[str] = field(default_factory=list)
    """What was to be faster, and may be where nothing else uses the machine."""
    data: dict[str, Any] = field(default_factory=dict)
    """The figures, and what they are made of, for programs."""

    def need(self, is_so: bool, otherwise: str) -> None:
        """Note `otherwise` unless it is so."""
        if not is_so:
            self.missed.append(otherwise)

    def need_speed(self, is_so: bool, otherwise: str) -> None:
        """The same of what a busy machine may keep from being so."""
        if not is_so:
            self.slow.append(otherwise)

    def text(self) -> str:
        verdict = [f"missed: {each}" for each in self.missed + self.slow] or ["met"]
        return "\n".join([self.title, *(f"  {line}" for line in [*self.figures, *verdict])])


def milliseconds(times: list[float]) -> str:
    """The median and the longest."""
    ordered = sorted(times)
    return f"median {ordered[len(ordered) // 2] * 1e3:.0f} ms, longest {ordered[-1] * 1e3:.0f} ms"
