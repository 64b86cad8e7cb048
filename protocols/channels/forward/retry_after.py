"""How long a server wants to be left alone (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST: Final = 3600.0
"""Seconds that a server gets at most: one that says next year by mistake would end everything."""

_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


def seconds_to_wait(field: str, now: float) -> float:
    """What a field ``Retry-After`` says, in seconds from `now`, which is in seconds since the epoch: a
    number, or a date of HTTP; 0 for anything else."""
    field = field.strip()
    if _SECONDS.fullmatch(field):
        return min(float(field), LONGEST)
    try:
        date = parsedate_to_datetime(field)
        if date.tzinfo is None:  # which is what "-0000" and the form of asctime give
            date = date.replace(tzinfo=UTC)
        seconds = date.timestamp() - now
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, min(seconds, LONGEST))
