"""Text of others, so that all of it is seen and none of it is obeyed."""

from __future__ import annotations

from protocols.known_words import printable

__all__ = ["printable"]
