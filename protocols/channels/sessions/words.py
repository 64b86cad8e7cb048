"""How publishers are told what has become of what they have said."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from protocols.channels.form import Form
from protocols.channels.message import Receipt
from protocols.channels.refusal import REFUSAL

WORDS: Final = 400
"""Characters of what is said about an error: it may repeat what the peer has sent."""

SHOWN: Final = 40
"""Characters of a word that an error repeats."""

Acknowledge: TypeAlias = Callable[[Sequence[Receipt]], list[bytes]]
"""What is said about receipts, in their order."""

Complain: TypeAlias = Callable[[Exception], bytes]
"""What is said about an error."""


def oks(receipts: Sequence[Receipt]) -> list[bytes]:
    """``OK`` and the seq, for each."""
    lines: list[bytes] = []
    for seq, _ in receipts:  # mostly one, for which this costs less than to comprehend it
        lines.append(b"OK %d" % seq)
    return lines


def silence(receipts: Sequence[Receipt]) -> list[bytes]:
    """Nothing."""
    return []


def err(error: Exception) -> bytes:
    """``ERR`` and what is wrong, on one line."""
    return b"%b %b" % (REFUSAL, words_of(error).encode())


def json_error(error: Exception) -> bytes:
    """What is wrong, where everything that is said is JSON."""
    return json.dumps({"error": words_of(error)}, ensure_ascii=False, separators=(",", ":")).encode()


COMPLAINTS: Final[dict[Form, Complain]] = {"body": err, "json": json_error}
"""How errors are told to those who read in that form."""


def printable(text: str) -> str:
    """`text`, with what cannot be printed as escapes."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def shown(word: str) -> str:
    """`word`, as an error repeats it."""
    text = printable(word[: 4 * SHOWN])
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def words_of(error: Exception) -> str:
    """What is wrong, without anything that would end a line."""
    words = " ".join(str(error).split()) or type(error).__name__
    words = printable(words)
    return words if len(words) <= WORDS else f"{words[: WORDS - 1]}…"
