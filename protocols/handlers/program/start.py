"""Starting a program, in a thread.

:mod:`subprocess` does it by ``vfork``, which takes a tenth of what ``reactor.spawnProcess`` does: that
copies the daemon's page tables, and closes descriptors one by one.  Still, who starts a program waits until
the kernel has given the child a turn, and on a busy machine that takes milliseconds.  They are spent in
threads, so that several programs start at a time while the reactor serves others.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from protocols.handlers.program.command import Command


@dataclass(frozen=True, slots=True)
class Started:
    """A program that runs, and our ends of its pipes."""

    popen: subprocess.Popen[bytes]
    stdout: int
    stderr: int
    stdin: int | None

    def undo(self) -> None:
        """End it at once, and close everything."""
        for descriptor in (self.stdout, self.stderr, self.stdin):
            if descriptor is not None:
                os.close(descriptor)
        self.popen.kill()
        self.popen.wait()


def start(command: Command, stdin: int | None) -> Started:
    """Run `command` in a session of its own.

    :param stdin: where its input comes from: ``None`` for a pipe, ``subprocess.DEVNULL``, or a descriptor,
        which is closed.

    Raises :class:`OSError` and :class:`ValueError` if it cannot be started.
    """
    ours: list[int] = []
    theirs = [stdin] if stdin is not None and stdin >= 0 else []
    try:
        stdout, stderr = (_pipe(ours, theirs) for _ in range(2))
        entry: int | None = None
        if stdin is None:
            stdin, entry = os.pipe()
            theirs.append(stdin)
            ours.append(entry)
        popen = subprocess.Popen(  # noqa: S603 - the operator's own program
            command.arguments,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=command.folder,
            env=command.environment,
            start_new_session=True,
        )
    except BaseException:
        for descriptor in ours:
            os.close(descriptor)
        raise
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    return Started(popen, ours[0], ours[1], entry)


def _pipe(ours: list[int], theirs: list[int]) -> int:
    """The end of a new pipe that the program writes to."""
    reading, writing = os.pipe()
    ours.append(reading)
    theirs.append(writing)
    return writing
