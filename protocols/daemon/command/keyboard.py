"""Keys, as they are pressed."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

NAMED: Final = {b"A": "up", b"B": "down", b"C": "right", b"D": "left", b"5~": "page up", b"6~": "page down"}
"""What follows an escape and ``[`` or ``O`` (ECMA-48, xterm)."""

_KEY = re.compile(rb"\x1b[\[O]([0-9;]*[A-Za-z~])|\x1b|[^\x1b]", re.DOTALL)


@contextmanager
def keys_at_once() -> Iterator[None]:
    """The terminal gives keys without waiting for a line, and shows none; afterwards it is as it was.

    Ctrl-C interrupts as ever.  Nothing happens where standard input is no terminal.
    """
    if not sys.stdin.isatty():
        yield
        return
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    try:
        tty.setcbreak(number)
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def keys(seconds: float) -> list[str]:
    """Those that are pressed within `seconds`, as soon as there are any: characters, or names such as ``up``.

    At the end of standard input, as when the terminal is gone, ``q``.
    """
    number = sys.stdin.fileno()
    if not select.select([number], [], [], seconds)[0]:
        return []
    pressed = os.read(number, 1024)
    return keys_in(pressed) if pressed else ["q"]


def keys_in(data: bytes) -> list[str]:
    """The keys that a terminal has sent as `data`; those that nobody knows are left out."""
    found = []
    for match in _KEY.finditer(data):
        if match[1] is not None:
            found.append(NAMED.get(match[1], ""))
        elif match[0] != b"\x1b":
            found.append(match[0].decode("latin-1"))
    return [key for key in found if key]
