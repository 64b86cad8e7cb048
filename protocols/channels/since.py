"""Where a reader wants to begin."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)
_SEQ = re.compile(r"\d{1,18}", re.ASCII)
WORDS: Final = (
    "new, last, all, a sequence number to begin behind, a time ago such as 2h, or one such as "
    "2026-01-31T12:00:00Z"
)


@dataclass(frozen=True, slots=True)
class Since:
    """Where to begin: with what is ``new``, with the ``last`` message there is, with ``all`` of them, behind
    one (``seq``), with those of the last so many seconds (``ago``), or with those from a ``time`` on, in
    milliseconds since the epoch."""

    kind: Literal["new", "last", "all", "seq", "ago", "time"]
    number: int = 0

    @classmethod
    def parse(cls, text: str) -> Since:
        """What somebody wrote.  Raises :class:`ValueError`, with words for them."""
        if text in ("new", "last", "all"):
            return cls(text)  # type: ignore[arg-type]  # it is one of them
        if _SEQ.fullmatch(text):
            return cls("seq", int(text))
        if ago := _AGO.fullmatch(text):
            return cls("ago", int(ago[1]) * UNITS[ago[2]])
        with suppress(ValueError):
            time = datetime.fromisoformat(text)
            if time.tzinfo is not None:
                return cls("time", round(time.timestamp() * 1000))
        raise ValueError(f"since is {WORDS}, and not {text!r}")


NEW: Final = Since("new")
ALL: Final = Since("all")
