"""Words of a value of systemd: quotes and escapes (systemd.syntax(7))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from protocols.daemon.importers.place import ValueFault

_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_SINGLE: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "}
_PIECE: Final = re.compile(
    r"""(?P<blank>\s+)|"(?P<double>(\\.|[^"\\])*)"|'(?P<single>(\\.|[^'\\])*)'|(?P<plain>(\\.|[^\s"'\\])+)""",
    re.DOTALL,
)


def words_of(text: str) -> list[str]:
    """The words of `text`.  Raises :class:`ValueFault` for a quote or an escape that is not ended."""
    words: list[str] = []
    begun = False
    for match in _pieces(text):
        if match["blank"] is not None:
            begun = False
            continue
        quoted = match["double"] if match["double"] is not None else match["single"]
        piece = _unescaped(match["plain"] if quoted is None else quoted)
        if begun:
            words[-1] += piece
        else:
            words.append(piece)
        begun = True
    return words


def _pieces(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None:
            raise ValueFault(f"a quote or an escape has no end: {text[position : position + 40]!r}")
        yield match
        position = match.end()


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "xuU" and len(code) > 1:
        number = int(code[1:], 16)
    elif len(code) == 3:
        number = int(code, 8)
    else:
        return _SINGLE.get(code, code if code in "\\\"'" else match[0])
    if not 0 < number <= 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        raise ValueFault(f"{match[0]} is no character")
    return chr(number)
