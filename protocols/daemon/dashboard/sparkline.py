"""Rates as a line without axes, so small that it stands beside a number."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import Final

from protocols.daemon.dashboard.rates import SAMPLES

WIDTH: Final = SAMPLES - 1
"""Of the picture's own coordinates: one for each step from one sample to the next."""

HEIGHT: Final = 24

LEAST: Final = 1.0
"""What fills the height at least: one a second looks like little, whatever else there was."""


def line(rates: Sequence[float]) -> str:
    """The outline of `rates`, per second and oldest first, as the ``d`` of an SVG path; the last one is at
    the right end.  Where there was nothing, nothing is drawn.  ``page.js`` draws the same."""
    if not any(rates):
        return ""
    top = max(LEAST, *rates)
    left = SAMPLES - len(rates)
    points = (f"{left + index} {_height(rate, top)}" for index, rate in enumerate(rates))
    return f"M{'L'.join(points)}"


def area(outline: str, samples: int) -> str:
    """What is below `outline`, which :func:`line` has made of so many rates."""
    return f"{outline}V{HEIGHT}H{SAMPLES - samples}Z" if outline else ""


def _height(rate: float, top: float) -> int:
    """Downwards, as pictures count; the line itself is two thick."""
    return HEIGHT - 1 - floor(rate / top * (HEIGHT - 2) + 0.5)
