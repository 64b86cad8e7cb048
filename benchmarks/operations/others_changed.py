"""Reloads that change what nobody asks: whoever asks for something else must not notice."""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median

from operations.load import Plan
from operations.loading import Phase, loading, together
from operations.proof import Bounds, Proof, milliseconds
from operations.site import Site, site
from processor import Cores, cpu_seconds

# Times the p99 that there is without reloads.
SLOWDOWN = 2.0
# Of load before anything is counted.
WARMING = 2.0


def prove(bounds: Bounds, cores: Cores) -> Proof:
    """Load with reloads and without, in turns of the same length."""
    proof = Proof(f"1. {bounds.reloads} reloads that change another service, under a constant load")
    each = max(1, bounds.reloads // bounds.rounds)
    with site(cores.server) as running, loading(Plan(running.ports, bounds.rates), cores.load) as load:
        time.sleep(WARMING)
        took: list[float] = []
        busy = 0.0
        for number in range(bounds.rounds):
            load.phase(f"quiet {number}")
            before = cpu_seconds(running.pid)
            time.sleep(each * bounds.period)
            busy += cpu_seconds(running.pid) - before
            load.phase(f"reloading {number}")
            took += _reloads(running, each, bounds.period)
        load.phase("after")
        phases = load.end()
        said = running.said()
    quiet, reloading = together(phases, "quiet"), together(phases, "reloading")
    proof.figures.append(f"reloads: {milliseconds(took)} until served; the log says: {said}")
    spent = busy / (bounds.rounds * each * bounds.period)
    proof.figures.append(f"without them the daemon is busy for {spent:.0%} of its core")
    for title, phase in (("without reloads:", quiet), ("with reloads:", reloading)):
        proof.figures += [title, *phase.lines()]
    _judge(proof, quiet, reloading)
    _compare(proof, phases, bounds.rounds)
    proof.data |= {
        "reloads": took,
        "busy": spent,
        "quiet": quiet.data(),
        "reloading": reloading.data(),
    }
    return proof


def _reloads(running: Site, count: int, period: float) -> list[float]:
    took = []
    for _ in range(count):
        begun = time.perf_counter()
        running.noticed += 1
        running.write()
        took.append(running.reload())
        time.sleep(max(0.0, begun + period - time.perf_counter()))
    return took


def _judge(proof: Proof, quiet: Phase, reloading: Phase) -> None:
    proof.need(not quiet.failed, "something failed although nothing was reloaded")
    for name, tally in reloading.tallies.items():
        proof.need(not tally.failed, f"{name}: {tally}")
        proof.need(not tally.closed + tally.told, f"{name}: connections were closed: {tally}")


def _compare(proof: Proof, phases: Mapping[str, Phase], rounds: int) -> None:
    """The medians over the rounds, so that a slow moment of the machine is not taken for the daemon's."""
    ratios = {}
    for name in phases["quiet 0"].tallies:
        without, having = (
            median(phases[f"{kind} {number}"].tallies[name].waits.quantile(0.99) for number in range(rounds))
            for kind in ("quiet", "reloading")
        )
        ratios[name] = ratio = having / without
        proof.figures.append(
            f"{name}: p99, median of the rounds: {without * 1e3:.2f} ms, with reloads {having * 1e3:.2f} ms: "
            f"{ratio:.2f} times"
        )
        proof.need_speed(ratio < SLOWDOWN, f"{name}: p99 is {ratio:.2f} times what it is without reloads")
    proof.data["ratios"] = ratios
