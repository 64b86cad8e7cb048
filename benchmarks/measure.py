"""Measuring the servers of one scenario in turn, over several rounds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from statistics import median

from failure import BenchmarkError
from generator import apply_load
from processor import Cores, cpu_seconds
from scenarios import POLYPORT, Scenario
from scraping import scraped
from servers import Server, peer_server, polyport_server

# Enough for imports, code caches and the first thousands of messages; never longer than a round.
WARM_UP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """One server in one round."""

    rate: float
    """Messages per second."""
    cpu_us: float
    """Microseconds of the server's processor time per message."""
    p50_us: float
    p99_us: float
    lost: int
    """Datagrams without a reply in time."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One server in all rounds."""

    server: str
    samples: tuple[Sample, ...]
    notes: tuple[str, ...] = ()
    """What else there is to say, for a person."""

    def median(self, figure: str) -> float:
        """The middle of the rounds of one field of :class:`Sample`."""
        return float(median(getattr(sample, figure) for sample in self.samples))

    @property
    def scatter(self) -> float:
        """How far the rounds lie apart: the range of the rates as a fraction of their median."""
        rates = [sample.rate for sample in self.samples]
        return (max(rates) - min(rates)) / median(rates)

    @property
    def lost(self) -> int:
        """Datagrams without a reply in time, in all rounds."""
        return sum(sample.lost for sample in self.samples)


Start = Callable[[], AbstractContextManager[Server]]


def measure(
    scenario: Scenario, seconds: float, rounds: int, cores: Cores, say: Callable[[str], None]
) -> list[Measurement]:
    """Polyport first, then its peers, as :class:`Scenario` lists them.

    Every round runs every server, each in a fresh process, and starts with another one, so that
    neither a slow moment of the machine nor the order favours one of them.  `say` is told of every
    step.  Raises :class:`BenchmarkError`.
    """
    starts = _starts(scenario, cores)
    samples: dict[str, list[Sample]] = {name: [] for name in starts}
    names = list(starts)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            say(f"{scenario.name}, round {number + 1} of {rounds}: {name}")
            try:
                is_scraped = scenario.scraped and name == POLYPORT
                samples[name].append(_sample(scenario, starts[name], seconds, cores.load, is_scraped))
            except BenchmarkError as error:
                raise BenchmarkError(f"{scenario.name}, {name}: {error}") from error
    return [Measurement(name, tuple(samples[name])) for name in names]


def _starts(scenario: Scenario, cores: Cores) -> dict[str, Start]:
    own = partial(polyport_server, scenario.service, cores.server)
    starts: dict[str, Start] = {POLYPORT: own}
    for peer in scenario.peers:
        program, _, reactor = peer.module.partition(":")
        starts[peer.name] = (
            partial(own, reactor=reactor)
            if program == POLYPORT
            else partial(peer_server, peer.module, scenario.service, cores.server)
        )
    return starts


def _sample(scenario: Scenario, start: Start, seconds: float, core: int | None, is_scraped: bool) -> Sample:
    with start() as server, scraped(server.metrics, core) if is_scraped else nullcontext():
        apply_load(scenario, server.port, min(WARM_UP_SECONDS, seconds), core)
        before = cpu_seconds(server.pid)
        load = apply_load(scenario, server.port, seconds, core)
        used = cpu_seconds(server.pid) - before
    return Sample(
        rate=load.messages / load.seconds,
        cpu_us=used / (load.messages + load.drained) * 1e6,
        p50_us=load.p50_us,
        p99_us=load.p99_us,
        lost=load.lost,
    )
