"""The results that are messages already, whichever the codec."""

from __future__ import annotations


def as_is(value: object) -> bytes | None:
    """`value` as a message if it is bytes-like or text (UTF-8), else ``None``.

    Raises :class:`UnicodeEncodeError`, a ValueError, for text with lone surrogates.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    return None
