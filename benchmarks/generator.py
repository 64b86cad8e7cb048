"""The load generator: compiled on demand, then run against one server."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from compiler import compiled
from failure import BenchmarkError
from processor import pin
from scenarios import Scenario

HERE = Path(__file__).parent
SOURCES = HERE / "load"

# The generator ends by itself: at most 5 s to connect, and 1 s after its time for the last replies.
PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Load:
    """What the generator saw in one run."""

    messages: int
    """Right replies within the run's time."""
    seconds: float
    drained: int
    """Right replies after the time was over."""
    lost: int
    """Datagrams without a reply in time."""
    late: int
    """Replies to datagrams that had been given up."""
    errors: int
    p50_us: float
    p99_us: float


def build() -> Path:
    """The generator's program.  Raises :class:`BenchmarkError` if it does not compile."""
    return compiled("load", sorted(SOURCES.glob("*.c")), sorted(SOURCES.glob("*.h")))


def apply_load(scenario: Scenario, port: int, seconds: float, core: int | None) -> Load:
    """Run `scenario` for `seconds` against the server on `port`.

    Raises :class:`BenchmarkError` if a reply was wrong, a connection broke, or none came at all.
    """
    command: list[str | Path]
    if scenario.load in ("tls", "connect"):
        command = [sys.executable, HERE / "python_load.py", scenario.load, "127.0.0.1", str(port)]
        command += ["--connections", str(scenario.sockets)]
    else:
        command = [build(), scenario.load, "127.0.0.1", str(port)]
        command += ["--connections" if scenario.load == "tcp" else "--sockets", str(scenario.sockets)]
        command += ["--in-flight", str(scenario.in_flight), "--size", str(scenario.size)]
    command += ["--seconds", str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            pin(process.pid, core)
            output, complaint = process.communicate(timeout=seconds + PATIENCE_SECONDS)
        finally:
            process.kill()
    if process.returncode != 0:
        raise BenchmarkError(complaint.decode().strip() or f"load ended with {process.returncode}")
    load = Load(**json.loads(output))
    if load.messages == 0:
        raise BenchmarkError("no reply came in time")
    return load
