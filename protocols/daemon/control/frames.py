"""What passes, as it is told."""

from __future__ import annotations

import time

from protocols.daemon.control.status import Frame
from protocols.daemon.printable import printable
from protocols.tap import CONTENT, Passed

PIECE = 4
"""Bytes of the longest character in UTF-8."""


def frame_of(passed: Passed, service: str, worker: int) -> Frame:
    """`passed`, which has done so just now."""
    return Frame(
        service=service,
        worker=worker,
        at=time.time(),
        peer=str(passed.peer),
        direction=passed.direction,
        size=passed.size,
        text=shown(passed.content),
        took=passed.took,
        missed=passed.missed,
    )


def shown(content: bytes) -> str:
    """`content` as text; what is none, and what would move a terminal, is escaped."""
    if len(content) == CONTENT:
        content = _whole_characters(content)
    return printable(content.decode("utf-8", "backslashreplace"))


def _whole_characters(content: bytes) -> bytes:
    """`content` without a character at its end that is cut."""
    for cut in range(PIECE):
        try:
            content[: len(content) - cut].decode()
        except UnicodeDecodeError:
            continue
        return content[: len(content) - cut]
    return content
