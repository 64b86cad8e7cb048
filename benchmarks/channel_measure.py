"""Measuring the servers of one scenario of channels in turn, over several rounds."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from channel_scenarios import ChannelScenario, Side
from channel_servers import ChannelServer, channel_server, fill
from compiler import compiled
from failure import BenchmarkError
from generator import Load
from measure import WARM_UP_SECONDS, Measurement, Sample
from processor import Cores, pin, resident

HERE = Path(__file__).parent
PATIENCE_SECONDS = 60.0
STORED = 1_000_000
SIZE = 64
MIB = 1 << 20


def measure_channels(
    scenario: ChannelScenario, seconds: float, rounds: int, cores: Cores, say: Callable[[str], None]
) -> list[Measurement]:
    """Polyport first, then its peers; the rounds interleave as those of ``measure``.

    Raises :class:`BenchmarkError`, also if a server or a tool is not installed.
    """
    take = _replays if scenario.kind == "replay" else _rounds
    return take(scenario, seconds, rounds, cores, say)


def _rounds(
    scenario: ChannelScenario, seconds: float, rounds: int, cores: Cores, say: Callable[[str], None]
) -> list[Measurement]:
    sides = list(scenario.sides)
    samples: dict[str, list[Sample]] = {side.name: [] for side in sides}
    for number in range(rounds):
        first = number % len(sides)
        for side in sides[first:] + sides[:first]:
            say(f"{scenario.name}, round {number + 1} of {rounds}: {side.name}")
            try:
                with channel_server(side, cores.server) as server:
                    samples[side.name].append(_sample(scenario, side, server, seconds, cores))
            except BenchmarkError as error:
                raise BenchmarkError(f"{scenario.name}, {side.name}: {error}") from error
    return [Measurement(name, tuple(taken)) for name, taken in samples.items()]


def _sample(
    scenario: ChannelScenario, side: Side, server: ChannelServer, seconds: float, cores: Cores
) -> Sample:
    _load(scenario, side, server, min(WARM_UP_SECONDS, seconds), cores.load)
    before = server.cpu_seconds()
    load = _load(scenario, side, server, seconds, cores.load)
    used = server.cpu_seconds() - before
    messages = load.messages + load.drained
    return Sample(load.messages / load.seconds, used / messages * 1e6, load.p50_us, load.p99_us, load.lost)


def _load(
    scenario: ChannelScenario, side: Side, server: ChannelServer, seconds: float, core: int | None
) -> Load:
    own, shared = HERE / "channel_load", HERE / "load"
    sources = [*sorted(own.glob("*.c")), *(shared / f"{name}.c" for name in ("latency", "system", "words"))]
    program = compiled("channel_load", sources, [*own.glob("*.h"), *shared.glob("*.h")])
    command = [program, scenario.kind, side.dialect, "127.0.0.1", str(server.port)]
    command += ["--connections", str(scenario.connections), "--in-flight", str(scenario.in_flight)]
    command += ["--size", str(SIZE), "--seconds", str(seconds)]
    if scenario.kind == "fan-out":
        command += ["--publish-to", str(server.publish)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        try:
            pin(started.pid, core)
            output, complaint = started.communicate(timeout=seconds + PATIENCE_SECONDS)
        finally:
            started.kill()
    if started.returncode != 0:
        raise BenchmarkError(complaint.decode().strip() or f"channel_load ended with {started.returncode}")
    return Load(**json.loads(output))


def _replays(
    scenario: ChannelScenario, seconds: float, rounds: int, cores: Cores, say: Callable[[str], None]
) -> list[Measurement]:
    """All sides are one daemon here: it is filled once."""
    samples: dict[str, list[Sample]] = {side.name: [] for side in scenario.sides}
    growth: list[int] = []
    with channel_server(scenario.sides[0], cores.server) as server:
        say(f"{scenario.name}: publishing {STORED:,} messages")
        fill(server, scenario.sides[0].place, STORED, SIZE)
        for number in range(rounds):
            for side in scenario.sides:
                say(f"{scenario.name}, round {number + 1} of {rounds}: {side.name}")
                with _Memory(server.pid) as memory:
                    samples[side.name].append(_download(server, side, seconds, cores.load))
                if side is scenario.sides[0]:
                    growth.append(memory.growth)
    note = f"memory grew by {max(growth) / MIB:.1f} MiB at most while {STORED:,} messages went out"
    return [
        Measurement(name, tuple(taken), (note,) if name == scenario.sides[0].name else ())
        for name, taken in samples.items()
    ]


def _download(server: ChannelServer, side: Side, seconds: float, core: int | None) -> Sample:
    url = f"http://127.0.0.1:{server.port}{side.place}"
    expected = (server.folder / "replay.ndjson").stat().st_size
    before, began, size = server.cpu_seconds(), time.monotonic(), 0
    while time.monotonic() - began < seconds:
        command = ["curl", "-sf", "-o", "/dev/null", "-w", "%{size_download}", url]
        pinned = [*(["taskset", "-c", str(core)] if core is not None else []), *command]
        done = subprocess.run(pinned, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
        if done.returncode != 0 or int(done.stdout) != expected:
            raise BenchmarkError(f"{side.place}: {done.stdout} bytes came, not {expected} {done.stderr}")
        size += int(done.stdout)
    took = time.monotonic() - began
    mibs = size / MIB
    return Sample(mibs / took, (server.cpu_seconds() - before) / mibs * 1e6, 0.0, 0.0, 0)


class _Memory:
    """How much larger a process is meanwhile than it was before."""

    def __init__(self, pid: int) -> None:
        self.growth = 0
        self._pid = pid
        self._over = Event()
        self._thread = Thread(target=self._look)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        before = resident(self._pid)
        while not self._over.wait(0.05):
            self.growth = max(self.growth, resident(self._pid) - before)
