"""The pipes between the daemon and one program."""

from __future__ import annotations

import os
import subprocess

from protocols.handlers.program.descriptors import close_all
from protocols.handlers.program.standard_error import Errors, standard_error


class Ends:
    """Their ends: ours, and those that go to the program.

    :param stdin: where its input comes from: ``None`` for a pipe, ``subprocess.DEVNULL``, or a descriptor,
        which it shares.
    :param errors: where its standard error goes.

    .. attribute:: stdin, stdout, stderr

       Ours; ``None`` where there is none.

    .. attribute:: theirs

       Those of the program, as `places` says.

    Raises :class:`OSError` if there are no descriptors left.
    """

    def __init__(self, stdin: int | None, errors: Errors) -> None:
        self.stdin: int | None = None
        self.stderr: int | None = None
        self._ours: list[int] = []
        self.theirs: list[int] = []
        try:
            self._input(stdin)
            self.stdout, writing = os.pipe()
            self._ours.append(self.stdout)
            self.theirs.append(writing)
            stderr = standard_error(errors)
        except BaseException:
            self.close()
            close_all(self.theirs)
            raise
        if stderr.ours is not None:
            self.stderr = stderr.ours
            self._ours.append(stderr.ours)
        self.theirs += stderr.theirs
        self.places = ((0,), (1, *stderr.with_output), *stderr.places)

    def _input(self, stdin: int | None) -> None:
        if stdin is None:
            reading, self.stdin = os.pipe()
            self._ours.append(self.stdin)
        elif stdin == subprocess.DEVNULL:
            reading = os.open(os.devnull, os.O_RDWR)
        else:
            reading = os.dup(stdin)
        self.theirs.append(reading)

    def close(self) -> None:
        """Close ours: nobody will use them."""
        close_all(self._ours)
