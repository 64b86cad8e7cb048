"""What sources have brought upon themselves, until it is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log2
from typing import Final

HALF_LIFE: Final = 30.0
"""Seconds in which half of a score is forgotten."""

THRESHOLD: Final = 16.0
"""Points from which a source is shut out: an honest client that tries again a few times stays below."""

MOST: Final = 256.0
"""Points that count at most: with them a source is shut out for two minutes more, not for ever."""

SOURCES: Final = 50_000
"""Sources that are remembered: some 10 MB at the most.  Past that the one that was quiet longest is
forgotten."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """One source that is shut out."""

    source: str
    score: float
    until: float
    """When its score is below the threshold, if it keeps quiet."""


class Penalties:
    """A score for each source, which rises with every offence and halves in `half_life` seconds.

    One for the whole daemon: who floods one service is no better a client of another.
    """

    def __init__(
        self, *, threshold: float = THRESHOLD, half_life: float = HALF_LIFE, sources: int = SOURCES
    ) -> None:
        self._threshold = threshold
        self._half_life = half_life
        self._sources = sources
        self._scores: dict[str, tuple[float, float]] = {}
        """Scores and when they were such, in the order of the last offence."""

    def add(self, source: str, points: float, now: float) -> float | None:
        """Count an offence of `source`.

        :returns: until when it is shut out, if that begins with this offence.
        """
        before = self.score(source, now)
        after = min(before + points, MOST)
        self._remember(source, after, now)
        return self.until(source, now) if before < self._threshold <= after else None

    def score(self, source: str, now: float) -> float:
        """The points of `source`."""
        known = self._scores.get(source)
        if known is None:
            return 0.0
        score, moment = known
        return float(score * 0.5 ** ((now - moment) / self._half_life))

    def until(self, source: str, now: float) -> float | None:
        """Until when `source` is shut out; ``None``: it is not."""
        if not self._scores:
            return None
        score = self.score(source, now)
        if score < self._threshold:
            return None
        return now + self._half_life * log2(score / self._threshold)

    def entries(self, now: float) -> Iterator[Penalty]:
        """Those that are shut out."""
        for source in list(self._scores):
            until = self.until(source, now)
            if until is not None:
                yield Penalty(source, self.score(source, now), until)

    def forgive(self, source: str) -> bool:
        """Forget what `source` has done; whether there was anything."""
        return self._scores.pop(source, None) is not None

    def forgive_all(self) -> None:
        """Forget what anybody has done."""
        self._scores.clear()

    def _remember(self, source: str, score: float, now: float) -> None:
        """`source` has `score` points now."""
        self._scores.pop(source, None)
        self._scores[source] = score, now
        if len(self._scores) > self._sources:
            del self._scores[next(iter(self._scores))]
