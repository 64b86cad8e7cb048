"""What a channel takes and gives as messages, for a channel of AsyncAPI."""

from __future__ import annotations

from typing import Final

RECEIVES: Final = ("publish", "chat")
"""Modes in which what a peer sends are messages of the channel."""
