"""Whether a process still lives that has not ended: it answers, or it does not."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

EVERY: Final = 2.0
"""Seconds between two questions."""

SILENT: Final = 10.0
"""Seconds without an answer after which that is said: nobody whom the process serves gets one either."""

HUNG: Final = 60.0
"""Seconds after which the process is replaced.  A function in the loop that takes so long is a mistake; those
in threads and processes take nothing away from an answer."""

News: TypeAlias = Literal["silent", "hung"]


class Heartbeat:
    """Keeps count of answers; `now` is in seconds."""

    def __init__(self, now: float) -> None:
        self._heard = now
        self._told: set[News] = set()

    def heard(self, now: float) -> float | None:
        """It has answered: how long it was silent, if that was said."""
        silence = now - self._heard
        self._heard = now
        told = bool(self._told)
        self._told.clear()
        return silence if told else None

    def look(self, now: float) -> News | None:
        """What has to be said now, and was not said before."""
        silence = now - self._heard
        news: News | None = "hung" if silence >= HUNG else "silent" if silence >= SILENT else None
        if news is None or news in self._told:
            return None
        self._told.add(news)
        return news
