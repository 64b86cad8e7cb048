"""Real command-line programs, started and always ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

PROGRAM = (sys.executable, "-m", "protocols.daemon.command")
PATIENCE = 30


class Listener:
    """A running ``polyport listen``."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        assert process.stderr is not None
        line = process.stderr.readline().decode()
        assert line.startswith("listening on "), line + process.stderr.read().decode()
        self.address = line.removeprefix("listening on ").strip()

    def end(self) -> tuple[int, bytes, str]:
        """Wait until it ends by itself: exit status, standard output, the rest of standard error."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err.decode()


@pytest.fixture
def polyport() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run ``polyport`` to its end."""

    def run(*arguments: object, stdin: bytes = b"", **options: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*PROGRAM, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            **options,
        )

    return run


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start ``polyport`` with pipes on all sides."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*arguments: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                pass


@pytest.fixture
def listening(started: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., Listener]:
    """Start ``polyport listen`` and wait until it listens."""

    def start(*arguments: object) -> Listener:
        return Listener(started("listen", *arguments))

    return start
