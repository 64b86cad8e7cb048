"""Numbers and moments as people read them."""

from __future__ import annotations

import time
from typing import Final

from protocols.daemon.printable import printable

UNKNOWN: Final = "\u2013"
"""A dash, for what is not known, or not known yet."""

THIN: Final = "\u202f"
"""A narrow space that no line breaks at, between a number and its unit."""


SEEN: Final = f"\n{THIN}"
"""What Python calls unprintable, and pages show as it is meant."""


def visible(text: str) -> str:
    """`text` for a page, :func:`~protocols.daemon.printable.printable`."""
    return printable(text, SEEN)


def number(value: int) -> str:
    """``9,999``, ``12.3k``, ``4.56M``: three figures at least, six characters at most."""
    if value < 10_000:
        return f"{value:,}"
    for factor, letter in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= factor * 0.9995:
            return f"{_three(value / factor)}{letter}"
    return str(value)


def rate(value: float | None) -> str:
    """So many a second: ``0``, ``0.2``, ``3.4``, ``120``, ``12.3k``."""
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    if value < 0.05:
        return "<0.1"
    if value < 9.95:
        return f"{value:.1f}"
    return number(round(value))


def size(octets: int) -> str:
    """``512 B``, ``1.50 KiB``, ``64.0 MiB``."""
    if octets < 1000:
        return f"{octets}{THIN}B"
    for power, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        if octets >= 1024**power or (power == 1 and octets >= 1000):
            return f"{_three(octets / 1024**power)}{THIN}{unit}"
    return str(octets)


def share(value: float | None) -> str:
    """``42 %``."""
    return UNKNOWN if value is None else f"{value * 100:.0f}{THIN}%"


def latency(seconds: float | None) -> str:
    """``250 µs``, ``12 ms``, ``1.5 s``."""
    if seconds is None:
        return UNKNOWN
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f}{THIN}µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g}{THIN}ms"
    return f"{seconds:.3g}{THIN}s"


def span(seconds: float) -> str:
    """How long something lasts: ``12 s``, ``4 min``, ``3 h 12 min``, ``5 d 3 h``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}{THIN}s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 60:
        return f"{minutes}{THIN}min"
    if hours < 24:
        return f"{hours}{THIN}h" + (f" {minutes % 60}{THIN}min" if minutes % 60 else "")
    if days < 10 and hours % 24:
        return f"{days}{THIN}d {hours % 24}{THIN}h"
    return f"{days:,}{THIN}d"


def moment(seconds: float) -> str:
    """A day and a time by the clock of the server: ``2026-11-30 16:45``."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def clock(seconds: float) -> str:
    """A time of the day, to the millisecond: ``16:45:01.234``."""
    return time.strftime("%H:%M:%S", time.localtime(seconds)) + f".{int(seconds * 1000) % 1000:03}"


def several(count: int, one: str, many: str = "") -> str:
    """``1 worker``, ``2 workers``."""
    return f"{number(count)} {one if count == 1 else many or f'{one}s'}"


def _three(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
