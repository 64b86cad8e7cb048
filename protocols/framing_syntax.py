"""A framing in one word, as the command line writes it: ``NAME`` or ``NAME:SETTING:SETTING``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from protocols.framing import Delimited, Fixed, Framing, Length, Lines, Netstring, Raw
from protocols.known_words import known_help, quoted

SYNTAX: Final = """\
  lines                 lines that end in LF or CR LF (the default)
  lines:crlf, lines:lf  lines that end in just this
  delimited:TEXT        TEXT ends each message; \\n \\r \\t \\0 \\\\ and \\xHH are understood
  length                a length of 4 bytes, big-endian, then the message
  length:2:little       1, 2, 4 or 8 bytes, big or little; inclusive: the length counts itself;
                        signed: as in Java; offset=N: N bytes stand before it
  netstring             5:hello,
  fixed:16              every message has 16 bytes
  raw                   no framing: the bytes as they come"""
"""The syntax, for a command's help."""

_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.|$)", re.DOTALL)
_ESCAPED = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\"}


def parse_framing(text: str, limit: int) -> Framing:
    """The framing that `text` names (see :data:`SYNTAX`), for messages of up to `limit` bytes.

    Raises :class:`ValueError`, whose text says what is wrong.
    """
    name, colon, settings = text.partition(":")
    if name not in FRAMINGS:
        raise ValueError(f"{quoted(name)} is not a framing{known_help(name, FRAMINGS, 'known framings')}")
    if colon and not settings:
        raise ValueError(f"nothing stands after the colon of {quoted(text)}")
    return FRAMINGS[name](settings, limit)


def _lines(settings: str, limit: int) -> Framing:
    ending = settings or "any"
    if ending not in ("lf", "crlf", "any"):
        raise ValueError(f"lines end in lf, crlf or any, not {quoted(ending)}")
    return Lines(ending, limit)  # type: ignore[arg-type]  # one of the three, as just checked


def _delimited(settings: str, limit: int) -> Framing:
    if not settings:
        raise ValueError("say what ends a message, as in delimited:| or delimited:\\0")
    return Delimited(unescaped(settings), limit)


def unescaped(text: str) -> bytes:
    """`text` in UTF-8, its backslash escapes replaced.  Raises :class:`ValueError` for unknown ones."""
    result, start = b"", 0
    for match in _ESCAPE.finditer(text):
        code = match[1]
        if len(code) == 3:
            escaped = bytes.fromhex(code[1:])
        elif code in _ESCAPED:
            escaped = _ESCAPED[code]
        else:
            raise ValueError(f"the escape {quoted(match[0])} is not known; known: \\n \\r \\t \\0 \\\\ \\xHH")
        result += text[start : match.start()].encode("utf-8", "surrogateescape") + escaped
        start = match.end()
    return result + text[start:].encode("utf-8", "surrogateescape")


def _length(settings: str, limit: int) -> Framing:
    chosen: dict[str, Any] = {}
    for word in settings.split(":") if settings else ():
        key, value = _length_setting(word)
        if key in chosen:
            raise ValueError(f"the {key.replace('_', ' ')} of a length is given twice")
        chosen[key] = value
    return Length(limit=limit, **chosen)


def _length_setting(word: str) -> tuple[str, object]:
    if word in ("1", "2", "4", "8"):
        return "size", int(word)
    if word in ("big", "little"):
        return "order", word
    if word == "inclusive":
        return "includes_header", True
    if word == "signed":
        return "signed", True
    if offset := re.fullmatch(r"offset=([0-9]{1,9})", word):
        return "offset", int(offset[1])
    known = ("1", "2", "4", "8", "big", "little", "inclusive", "signed", "offset=N")
    raise ValueError(f"{quoted(word)} is no setting of a length{known_help(word, known, 'known settings')}")


def _fixed(settings: str, limit: int) -> Framing:
    if not re.fullmatch(r"[0-9]{1,9}", settings):
        raise ValueError("say how many bytes every message has, as in fixed:16")
    return Fixed(int(settings))


def _plain(name: str, framing: Callable[[int], Framing]) -> Callable[[str, int], Framing]:
    def make(settings: str, limit: int) -> Framing:
        if settings:
            raise ValueError(f"{name} has no settings")
        return framing(limit)

    return make


FRAMINGS: Final[Mapping[str, Callable[[str, int], Framing]]] = {
    "lines": _lines,
    "delimited": _delimited,
    "length": _length,
    "netstring": _plain("netstring", Netstring),
    "fixed": _fixed,
    "raw": _plain("raw", Raw),
}
"""What makes each framing from its settings and the limit."""
