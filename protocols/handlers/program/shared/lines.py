"""The protocol in lines of words, for shells and awk: a verb, a client, and the content with few escapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from protocols.framing import Lines
from protocols.handlers.program.shared.actions import (
    LINE,
    Action,
    described,
)
from protocols.handlers.program.shared.framed_reader import FramedReader
from protocols.handlers.program.shared.words import action_of
from protocols.session import Peer
from protocols.utf8 import is_utf8

_SPECIAL: Final = re.compile(rb"[\\\n\r\t\0]")
_ESCAPES: Final = {b"\\": rb"\\", b"\n": rb"\n", b"\r": rb"\r", b"\t": rb"\t", b"\0": rb"\0000"}
_ESCAPED: Final = re.compile(rb"\\(0[0-7]{0,3}|[\\nrt]|)")
_SPACE: Final = rb"\0040"
_MEANT: Final = {b"\\": b"\\", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class LineWire:
    """Each event and each action is a line, ``verb client content``.

    In the content LF is ``\\n``, CR ``\\r``, a tab ``\\t``, a backslash ``\\\\``, NUL ``\\0000``, and a
    space at either end ``\\0040``: what ``%b`` of printf(1) makes them of again.  From a program ``\\0`` with
    up to three octal digits is any byte.
    """

    def reader(self) -> FramedReader:
        return FramedReader(Lines(limit=LINE).decoder(), _action)

    def opened(self, client: int, peer: Peer) -> bytes:
        told = described(peer)
        # The last may hold spaces.
        fields = (told.get(name, "-") for name in ("transport", "host", "port", "user", "certificate"))
        *words, last = (str(field).encode("utf-8", "replace") for field in fields)
        said = b" ".join((*(escaped(word).replace(b" ", _SPACE) for word in words), escaped(last)))
        return b"open %d %b\n" % (client, said)

    def said(self, client: int, messages: Sequence[bytes], text: bool | None) -> bytes:
        as_text, as_binary = b"text %d " % client, b"binary %d " % client
        return b"".join(
            (as_text if text or (text is None and is_utf8(message)) else as_binary) + escaped(message) + b"\n"
            for message in messages
        )

    def ended(self, client: int) -> bytes:
        return b"end %d\n" % client

    def closed(self, client: int, reason: str) -> bytes:
        return b"close %d %b\n" % (client, escaped(reason.encode("utf-8", "replace")))

    def slow(self, client: int) -> bytes:
        return b"slow %d\n" % client

    def ready(self, client: int) -> bytes:
        return b"ready %d\n" % client


def _action(line: bytes) -> Action | None:
    """What a line wants done; one that is empty wants nothing."""
    if not line:
        return None
    verb, _, rest = line.partition(b" ")
    to, _, content = rest.partition(b" ")
    return action_of(verb, to, unescaped(content), line)


def escaped(content: bytes) -> bytes:
    """`content` as the end of a line; spaces around it are escaped too, which the shell's ``read`` drops."""
    if _SPECIAL.search(content):
        content = _SPECIAL.sub(lambda found: _ESCAPES[found[0]], content)
    if content[:1] == b" " or content[-1:] == b" ":
        inner = content.strip(b" ")
        before = len(content) - len(content.lstrip(b" "))
        after = len(content) - len(inner) - before
        return _SPACE * before + inner + _SPACE * after
    return content


def unescaped(content: bytes) -> bytes:
    """What part of a line stands for; a backslash before anything else is one."""
    return _ESCAPED.sub(_meant, content) if b"\\" in content else content


def _meant(found: re.Match[bytes]) -> bytes:
    word = found[1]
    if word[:1] == b"0":
        return bytes((int(word, 8) & 0xFF,))
    return _MEANT.get(word, b"\\")
