"""Times and sizes as systemd writes them (systemd.time(7), systemd.syntax(7))."""

from __future__ import annotations

import re
from typing import Final

from protocols.daemon.importers.place import ValueFault

_UNITS: Final = {
    **dict.fromkeys(("usec", "us", "µs", "μs"), 1e-6),
    **dict.fromkeys(("msec", "ms"), 1e-3),
    **dict.fromkeys(("seconds", "second", "sec", "s", ""), 1.0),
    **dict.fromkeys(("minutes", "minute", "min", "m"), 60.0),
    **dict.fromkeys(("hours", "hour", "hr", "h"), 3600.0),
    **dict.fromkeys(("days", "day", "d"), 86400.0),
    **dict.fromkeys(("weeks", "week", "w"), 7 * 86400.0),
}
_SPAN: Final = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*([a-zµμ]*)")
_SIZE: Final = re.compile(r"([0-9]{1,18})([KMGTPE]?)B?")


def span(text: str) -> float | None:
    """Seconds; ``None`` for ``infinity``.  Raises :class:`ValueFault`."""
    if text == "infinity":
        return None
    total, position = 0.0, 0
    while position < len(text.rstrip()):
        match = _SPAN.match(text, position)
        if match is None or match[2] not in _UNITS:
            raise ValueFault(f"a time such as 90s, 5min or infinity is expected, not {text[:40]!r}")
        total += float(match[1]) * _UNITS[match[2]]
        position = match.end()
    if not text.strip():
        raise ValueFault("a time is missing")
    return total


def byte_count(text: str) -> int | None:
    """Bytes, by powers of 1024; ``None`` for ``infinity``.  Raises :class:`ValueFault`."""
    if text == "infinity":
        return None
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueFault(f"a size such as 512M or infinity is expected, not {text[:40]!r}")
    return int(match[1]) << 10 * " KMGTPE".index(match[2] or " ")
