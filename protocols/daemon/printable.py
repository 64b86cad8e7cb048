"""Text of others, so that all of it is seen and none of it is obeyed."""

from __future__ import annotations


def printable(text: str, kept: str = "") -> str:
    """`text`, with escapes for what would not be seen, or would change what is seen around it, or be obeyed
    by a terminal: control characters, marks that turn the direction of writing, halves of pairs.

    :param kept: characters of that kind that stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in kept else one.encode("unicode_escape").decode() for one in text
    )
