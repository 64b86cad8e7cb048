"""Whether bytes are text."""

from __future__ import annotations


def is_utf8(message: bytes) -> bool:
    """Whether `message` is UTF-8, as all that is carried as text has to be."""
    if message.isascii():
        return True
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True
