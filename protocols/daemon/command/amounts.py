"""Numbers as people read them, in few columns."""

from __future__ import annotations

from datetime import datetime

from protocols.daemon.control.status import Latency


def number(value: float) -> str:
    """``0``, ``7.3``, ``847``, ``12.3k``, ``4.1M``: six columns at most."""
    for unit in ("", "k", "M", "G"):
        if value < 999.5:
            return _short(value) + unit
        value /= 1000
    return f"{value:.0f}T"


def size(value: float) -> str:
    """``0 B``, ``847 B``, ``12.3 KiB``, ``4.1 MiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 999.5:
            return f"{_short(value)} {unit}"
        value /= 1024
    return f"{_short(value)} TiB"


def _short(value: float) -> str:
    """Three digits."""
    return f"{value:.0f}" if value == int(value) or value >= 99.95 else f"{value:.1f}"


def duration(seconds: float) -> str:
    """``0 s``, ``42 s``, ``3 min 5 s``, ``4 h 12 min``, ``9 d 3 h``."""
    whole = max(0, round(seconds))
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    for index, (name, length) in enumerate(units):
        if whole >= length:
            first, rest = divmod(whole, length)
            second = rest // units[index + 1][1] if length > 1 else 0
            return f"{first} {name}" + (f" {second} {units[index + 1][0]}" if second else "")
    return "0 s"


def moment(epoch: float) -> str:
    """Seconds since the epoch as local time: ``2026-01-31 12:00:05``."""
    return f"{datetime.fromtimestamp(epoch).astimezone():%Y-%m-%d %H:%M:%S}"


def quick(seconds: float | None) -> str:
    """A time that answers take: ``80 µs``, ``1.2 ms``, ``3.4 s``; ``-`` if it is not known."""
    if seconds is None:
        return "-"
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{_short(seconds * 1000)} ms" if seconds < 1 else f"{_short(seconds)} s"


def quantile(latency: Latency | None, part: float) -> float | None:
    """Seconds within which `part` of the answers came, 0.99 of them for instance; ``None``: there are none.

    Within a bucket answers are taken to be spread evenly; in the last, which has no end, to be at its
    beginning.
    """
    if latency is None or not sum(latency.numbers):
        return None
    wanted, below = part * sum(latency.numbers), 0
    low = 0.0
    for bound, count in zip(latency.bounds, latency.numbers, strict=False):
        if count and below + count >= wanted:
            return low + (bound - low) * (wanted - below) / count
        below += count
        low = bound
    return low
