"""Measuring what passes streams on, over several rounds."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from compiler import compiled
from failure import BenchmarkError
from generator import Load
from measure import WARM_UP_SECONDS, Measurement, Sample
from processor import Cores, cpu_seconds
from scenarios import POLYPORT, Target
from servers import PROBE_HOST, PROBE_SECONDS, free_ports, process

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
PATIENCE_SECONDS = 30.0

HAPROXY = "HAProxy"
WATCHED = "Polyport, bytes through Python"

HAPROXY_CFG = """
global
  nbthread 1
  maxconn 4000
defaults
  mode tcp
  option splice-request
  option splice-response
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen relay
  bind 127.0.0.1:{port}
  server target 127.0.0.1:{target}
"""

POLYPORT_YAML = """
services:
  relay:
    listen: tcp://127.0.0.1:{port}
    forward: tcp://127.0.0.1:{target}
    limits: {{{limits}}}
"""


@dataclass(frozen=True, slots=True)
class RelayScenario:
    """One kind of load."""

    name: str
    what: str
    kind: Literal["stream", "connect"]
    targets: tuple[Target, ...]

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"

    def data(self) -> dict[str, object]:
        """What of it stands in a result."""
        return {"name": self.name, "kind": self.kind}


RELAY_SCENARIOS = (
    RelayScenario(
        "relay-1gib",
        "1 connection at a time that is sent 1 GiB (MiB per second)",
        "stream",
        (Target(HAPROXY, 0.7),),
    ),
    RelayScenario(
        "relay-connect",
        "50 connections at a time, each for one message of 64 bytes and its echo",
        "connect",
        (Target(HAPROXY, 0.5),),
    ),
)


def measure_relays(
    scenario: RelayScenario, seconds: float, rounds: int, cores: Cores, say: Callable[[str], None]
) -> list[Measurement]:
    """Polyport first, then its peers; the rounds interleave as those of ``measure``.

    Raises :class:`BenchmarkError`, also if HAProxy is not installed.
    """
    names = [POLYPORT, HAPROXY, WATCHED]
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            say(f"{scenario.name}, round {number + 1} of {rounds}: {name}")
            try:
                samples[name].append(_sample(scenario, name, seconds, cores))
            except BenchmarkError as error:
                raise BenchmarkError(f"{scenario.name}, {name}: {error}") from error
    return [Measurement(name, tuple(taken)) for name, taken in samples.items()]


def _sample(scenario: RelayScenario, name: str, seconds: float, cores: Cores) -> Sample:
    ports = free_ports(("port", "target"), ())
    with _relay(name, ports, cores.server) as pid:
        _load(scenario, ports, min(WARM_UP_SECONDS, seconds), cores.load)
        before = cpu_seconds(pid)
        load = _load(scenario, ports, seconds, cores.load)
        used = cpu_seconds(pid) - before
    return Sample(
        load.messages / load.seconds, used / load.messages * 1e6, load.p50_us, load.p99_us, load.lost
    )


@contextmanager
def _relay(name: str, ports: dict[str, int], core: int | None) -> Iterator[int]:
    """Run `name` between the two `ports`; gives its process."""
    with tempfile.TemporaryDirectory(prefix="polyport-benchmark-") as folder:
        file = Path(folder) / "relay"
        if name == HAPROXY:
            if shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin") is None:
                raise BenchmarkError("haproxy is not installed")
            file.write_text(HAPROXY_CFG.format(**ports))
            command = ["/usr/sbin/haproxy", "-db", "-f", str(file)]
        else:
            # Somebody has to see what passes for this one.
            limits = "byte_rate: 1000GiB" if name == WATCHED else ""
            file.write_text(POLYPORT_YAML.format(**ports, limits=limits))
            command = [str(BIN / "twistd"), "-n", "--pidfile=", "polyport", "-c", str(file)]
        with process(command, HERE, core) as running:

            def connects() -> bool:
                with socket.create_connection(("127.0.0.1", ports["port"]), PROBE_SECONDS, (PROBE_HOST, 0)):
                    return True

            running.wait_until(connects)
            yield running.process.pid  # taskset becomes what it starts


def _load(scenario: RelayScenario, ports: dict[str, int], seconds: float, core: int | None) -> Load:
    own, shared = HERE / "relay_load", HERE / "load"
    sources = [*sorted(own.glob("*.c")), *(shared / f"{name}.c" for name in ("latency", "system", "words"))]
    program = compiled("relay_load", sources, [*shared.glob("*.h")])
    # Both of its processes.
    command = [*(["taskset", "-c", str(core)] if core is not None else []), str(program)]
    command += [scenario.kind, "127.0.0.1", str(ports["port"]), str(ports["target"])]
    command += ["--seconds", str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        try:
            output, complaint = started.communicate(timeout=seconds + PATIENCE_SECONDS)
        finally:
            started.kill()
    if started.returncode != 0:
        raise BenchmarkError(complaint.decode().strip() or f"relay_load ended with {started.returncode}")
    return Load(**json.loads(output))
