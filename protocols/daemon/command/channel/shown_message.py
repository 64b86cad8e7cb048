"""How a message of a channel is printed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from protocols.daemon.control.channel_messages import StoredMessage

TEXT: Final = 4096
"""Bytes of a body that are shown on a line."""


def as_line(stored: StoredMessage) -> bytes:
    """For people: its number, when it was taken, its key if it has one, and how it begins."""
    from protocols.daemon.control.frames import shown

    message = stored.message
    clock = time.strftime("%H:%M:%S", time.localtime(message.time // 1000)) + f".{message.time % 1000:03}"
    key = f" {_printable(message.key)}" if message.key else ""
    cut = "…" if len(message.body) > TEXT else ""
    line = f"{message.seq} {clock}{key}  {shown(message.body[:TEXT])}{cut}"
    return line.encode("utf-8", "backslashreplace")


def as_body(stored: StoredMessage) -> bytes:
    """For programs that want nothing else: the body as it is."""
    return stored.message.body


def as_json(stored: StoredMessage) -> bytes:
    """For programs: all of it, on one line (:mod:`protocols.channels.message_json`)."""
    from protocols.channels.message_json import as_json

    return as_json(stored.message)


def _printable(text: str) -> str:
    from protocols.daemon.printable import printable

    return printable(text)


FORMS: Final[dict[str, Callable[[StoredMessage], bytes]]] = {
    "line": as_line,
    "body": as_body,
    "json": as_json,
}
