"""Lines on standard output, each as soon as it is there."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

import click


class OutputClosedError(Exception):
    """Whoever read standard output has gone, as ``head`` does."""


class StandardOutput:
    """Writes and flushes at once; blocks while the reader is slow, so that nothing piles up here."""

    def __init__(self, ending: bytes = b"\n") -> None:
        self._ending = ending
        self._stream: BinaryIO = sys.stdout.buffer

    def write(self, text: bytes) -> None:
        """Write `text` and the ending.  Raises :class:`OutputClosedError`."""
        try:
            self._stream.write(text + self._ending)
            self._stream.flush()
        except BrokenPipeError:
            # The interpreter flushes once more at exit, and would complain.
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self._stream.fileno())
            os.close(nothing)
            raise OutputClosedError from None


def complain(text: str) -> None:
    """Say on standard error what is wrong, or worth knowing."""
    click.echo(f"polyport: {text}", err=True)
