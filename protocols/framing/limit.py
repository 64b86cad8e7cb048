"""The one limit every framing has."""

from __future__ import annotations

DEFAULT_LIMIT = 64 * 1024
"""Bytes in one message unless said otherwise.

As much as Twisted reads from a socket at once: a message within it is seldom copied between reads,
and ten thousand peers that each leave one unfinished hold well under a gigabyte.
"""


def check_limit(limit: int) -> None:
    """Raise :class:`ValueError` unless `limit` lets at least one byte through."""
    if limit < 1:
        raise ValueError(f"the limit must be at least 1 byte, not {limit}")
