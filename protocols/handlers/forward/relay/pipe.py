"""Pipes, through which the kernel moves bytes from one socket to another (splice(2))."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import Final

SIZE: Final = 1024 * 1024
"""Bytes a pipe is asked to hold: as many as one that is not root's may (pipe(7), ``pipe-max-size``)."""

SPARE: Final = 16
"""Pipes that are kept for whoever needs one next; to make one costs as much as to move 100 kB."""


class Pipe:
    """What is written at one end is read at the other."""

    __slots__ = ("sink", "source")

    def __init__(self) -> None:
        """Raises :class:`OSError` if there are no descriptors to be had."""
        self.source, self.sink = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        with suppress(OSError):  # those who have many get none of this size, but smaller ones
            fcntl.fcntl(self.sink, fcntl.F_SETPIPE_SZ, SIZE)

    def close(self) -> None:
        os.close(self.source)
        os.close(self.sink)


class PipePool:
    """Pipes that are empty.

    .. attribute:: works

       Whether the kernel moves bytes so; whoever sees that it does not puts this out.
    """

    def __init__(self) -> None:
        self.works = hasattr(os, "splice")
        self._spare: list[Pipe] = []

    def take(self) -> Pipe | None:
        """One of them; ``None`` if there is none to be had."""
        if not self.works:
            return None
        if self._spare:
            return self._spare.pop()
        try:
            return Pipe()
        except OSError:
            return None

    def give_back(self, pipe: Pipe) -> None:
        """Take an empty one back."""
        if len(self._spare) < SPARE:
            self._spare.append(pipe)
        else:
            pipe.close()

    def close(self) -> None:
        """Keep none."""
        spare, self._spare = self._spare, []
        for pipe in spare:
            pipe.close()
