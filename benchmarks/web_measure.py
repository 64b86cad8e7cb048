"""Measuring the web servers of one scenario in turn, over several rounds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from failure import BenchmarkError
from measure import WARM_UP_SECONDS, Measurement, Sample
from processor import Cores
from scenarios import POLYPORT
from scraping import scraped
from web_load import apply_web_load
from web_scenarios import WebPeer, WebScenario
from web_servers import web_server


def measure_web(
    scenario: WebScenario, seconds: float, rounds: int, cores: Cores, say: Callable[[str], None]
) -> list[Measurement]:
    """Polyport first, then its peers; the rounds interleave as those of ``measure``.

    Raises :class:`BenchmarkError`, also if a server or a tool is not installed.
    """
    servers: list[WebPeer | None] = [None, *scenario.peers]
    samples: dict[str, list[Sample]] = {_name(server): [] for server in servers}
    for number in range(rounds):
        first = number % len(servers)
        for server in servers[first:] + servers[:first]:
            name = _name(server)
            say(f"{scenario.name}, round {number + 1} of {rounds}: {name}")
            try:
                samples[name].append(_sample(scenario, server, seconds, cores))
            except BenchmarkError as error:
                raise BenchmarkError(f"{scenario.name}, {name}: {error}") from error
    return [Measurement(name, tuple(taken)) for name, taken in samples.items()]


def _name(server: WebPeer | None) -> str:
    return POLYPORT if server is None else server.name


def _sample(scenario: WebScenario, peer: WebPeer | None, seconds: float, cores: Cores) -> Sample:
    is_scraped = scenario.scraped and peer is None
    with (
        web_server(scenario, peer, cores.server) as server,
        scraped(server.metrics_port, cores.load) if is_scraped else nullcontext(),
    ):
        apply_web_load(scenario, server, WARM_UP_SECONDS, cores.load)
        before = server.cpu_seconds()
        load = apply_web_load(scenario, server, seconds, cores.load)
        used = server.cpu_seconds() - before
    return Sample(
        rate=load.messages / load.seconds,
        cpu_us=used / load.messages * 1e6,
        p50_us=load.p50_us,
        p99_us=load.p99_us,
        lost=load.lost,
    )
