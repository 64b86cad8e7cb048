"""Words of others in messages of ours: shown so that all of it is seen, and with what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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


def quoted(text: str, longest: int = 60) -> str:
    """`text` for a message: in double quotes, on one line, shortened where it is long."""
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    return f'"{printable(shown)}"'


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    by_lower_case = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), list(by_lower_case), n=1, cutoff=0.6)
    return by_lower_case[close[0]] if close else None


def known_help(word: str, known: Iterable[str], what: str = "known values") -> str:
    """The tail of a message about an unknown `word`: what there is, and what was probably meant."""
    names = list(known)
    text = f"; {what}: {', '.join(names) or 'none'}"
    guess = nearest(word, names)
    return f"{text}; did you mean {guess}?" if guess else text
