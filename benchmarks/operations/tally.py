"""What became of everything that was asked of one service."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import exp, log
from typing import Any

# Wide enough for a histogram to be short, and narrow enough for a ratio of two quantiles to mean something.
WIDTH = log(1.02)
MICROSECOND = 1e-6


@dataclass(slots=True)
class Histogram:
    """Durations, in buckets that are 2 % wide."""

    buckets: Counter[int] = field(default_factory=Counter)
    """How many, by the logarithm of the microseconds."""
    longest: float = 0.0
    """Seconds."""

    def note(self, seconds: float) -> None:
        self.buckets[int(log(max(seconds, MICROSECOND) / MICROSECOND) / WIDTH)] += 1
        self.longest = max(self.longest, seconds)

    def quantile(self, share: float) -> float:
        """Seconds that `share` of all did not exceed."""
        rest = share * self.buckets.total()
        for bucket in sorted(self.buckets):
            rest -= self.buckets[bucket]
            if rest <= 0:
                return min(self.longest, MICROSECOND * exp((bucket + 1) * WIDTH))
        return self.longest

    def add(self, other: Histogram) -> None:
        self.buckets.update(other.buckets)
        self.longest = max(self.longest, other.longest)


@dataclass(slots=True)
class Tally:
    """Requests by what became of them, and connections by how they ended."""

    asked: int = 0
    answered: int = 0
    wrong: int = 0
    """Answers with another content, or another place in the order, than is right."""
    unanswered: int = 0
    """Requests that were sent, and whose connection ended, or time was over, without an answer."""
    unsent: int = 0
    """Requests that were due, and for which there was no connection until time was over."""
    refused: int = 0
    """Connections, or datagrams, to a place where nobody listened."""
    reset: int = 0
    """Connections that were broken off."""
    closed: int = 0
    """Connections that the server ended in order, without having said so before."""
    told: int = 0
    """Connections that the server ended having said so: ``Connection: close``, or a closing handshake."""
    opened: int = 0
    newest: int = 0
    """The highest version that an answer was of."""
    waits: Histogram = field(default_factory=Histogram)
    """From the moment something had to be asked until its answer was there."""

    def note(self, seconds: float, *, is_right: bool) -> None:
        """An answer."""
        if is_right:
            self.answered += 1
        else:
            self.wrong += 1
        self.waits.note(seconds)

    @property
    def failed(self) -> int:
        """What nobody may suffer from a reload."""
        return self.wrong + self.unanswered + self.unsent + self.refused + self.reset

    def add(self, other: Tally) -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.newest = max(self.newest, other.newest)
        self.waits.add(other.waits)

    def data(self) -> dict[str, Any]:
        """As plain values."""
        counts = {name: getattr(self, name) for name in COUNTS}
        return {
            **counts,
            "newest": self.newest,
            "waits": [*self.waits.buckets.items()],
            "longest": self.waits.longest,
        }

    @classmethod
    def of(cls, data: dict[str, Any]) -> Tally:
        """What :meth:`data` has made."""
        waits = Histogram(Counter(dict(data["waits"])), data["longest"])
        return cls(**{name: data[name] for name in COUNTS}, newest=data["newest"], waits=waits)

    def __str__(self) -> str:
        """What is not as it should be, or what is notable, in words."""
        notable = ("wrong", "unanswered", "unsent", "refused", "reset", "closed", "told")
        words = [f"{getattr(self, name):,} {name}" for name in notable if getattr(self, name)]
        return f"{self.answered:,} of {self.asked:,} answered" + "".join(f", {each}" for each in words)


COUNTS = (
    "asked",
    "answered",
    "wrong",
    "unanswered",
    "unsent",
    "refused",
    "reset",
    "closed",
    "told",
    "opened",
)
