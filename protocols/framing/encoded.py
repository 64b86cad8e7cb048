"""Many messages as bytes, up to one that cannot be."""

from __future__ import annotations

from collections.abc import Sequence

from protocols.framing.contract import Framing


def encoded(framing: Framing, messages: Sequence[bytes]) -> tuple[bytes, ValueError | None]:
    """The bytes that carry `messages`, and what was wrong with the first of them that `framing` cannot
    carry; then they end before it."""
    try:
        return framing.encode_all(messages), None
    except ValueError as fault:
        data = bytearray()
        for message in messages:
            try:
                data += framing.encode(message)
            except ValueError:
                break
        return bytes(data), fault
