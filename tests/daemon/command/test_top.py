"""``polyport top`` in a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from protocols.daemon.control.status import ServiceStatus

PATIENCE = 20.0
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
"""Another screen of the terminal, and back (xterm)."""


def as_in_a_terminal() -> None:
    """Be in the foreground, and interrupted by Ctrl-C, which whoever runs the tests may ignore."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Top:
    """A ``polyport top``, and the terminal that it is in."""

    def __init__(self) -> None:
        self.terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        self.process = subprocess.Popen(
            [sys.executable, "-m", "protocols.daemon.command", "top"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm"},
            start_new_session=True,
            preexec_fn=as_in_a_terminal,
        )
        self.seen = b""

    def until(self, condition: Callable[[bytes], bool]) -> bytes:
        """Read from the terminal until `condition` holds for what has been seen."""
        while not condition(self.seen):
            assert select.select([self.terminal], [], [], PATIENCE)[0], self.seen
            self.seen += os.read(self.terminal, 65_536)
        return self.seen

    def press(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def end(self) -> int:
        """Its exit status; the terminal must be as it was."""
        self.until(lambda seen: LEAVE in seen)
        status = self.process.wait(PATIENCE)
        assert termios.tcgetattr(self.theirs) == self.before
        return status

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)
        os.close(self.theirs)


@pytest.fixture
def top(asked, operations) -> Iterator[Callable[[], Top]]:
    operations.told = operations.told.model_copy(
        update={
            "services": (
                ServiceStatus(name="shop", answers="", addresses=()),
                ServiceStatus(name="shout", answers="", addresses=(), open=5),
            )
        }
    )
    started: list[Top] = []

    def start() -> Top:
        started.append(Top())
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest_twisted.ensureDeferred
async def test_it_is_drawn_again_and_again_and_quits(top, operations):
    def watch() -> int:
        one = top()
        assert ENTER in one.until(lambda seen: b"shop" in seen and b"shout" in seen)
        one.press(b"\x1b[D\x1b[D")
        one.until(lambda seen: "OPEN▼".encode() in seen)
        one.until(lambda seen: len(operations.asked) > 1)
        one.press(b"q")
        return one.end()

    assert await deferToThread(watch) == 0


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
@pytest_twisted.ensureDeferred
async def test_the_terminal_is_as_it_was(top, how):
    def interrupt() -> int:
        one = top()
        one.until(lambda seen: b"shout" in seen)
        if how == "Ctrl-C":
            one.press(b"\x03")
        else:
            one.process.send_signal(signal.SIGTERM)
        return one.end()

    assert await deferToThread(interrupt) == {"Ctrl-C": 130, "SIGTERM": 143}[how]
