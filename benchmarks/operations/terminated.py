"""SIGTERM under load: whoever is being served is served to the end."""

from __future__ import annotations

import os
import signal
import time

from operations.load import Plan
from operations.loading import Phase, loading, together
from operations.proof import Bounds, Proof, milliseconds
from operations.site import site
from processor import Cores

DRAIN = "10s"
# Seconds of load before, and after.
AROUND = 1.5
# HTTP is what has words for it; others are told of, too.
ASKING = ("web", "slow web", "new lines")


def prove(bounds: Bounds, cores: Cores) -> Proof:
    """End a daemon of one process, or of two workers, as often as `bounds` says."""
    proof = Proof(f"3. SIGTERM under load, {bounds.terms} times")
    phases: dict[str, Phase] = {}
    took: list[float] = []
    for number in range(bounds.terms):
        phase, seconds, status = _terminated(bounds, cores, workers=1 + number % 2)
        phases[str(number)] = phase
        took.append(seconds)
        proof.need(status == 0, f"the daemon ended with status {status}")
    phase = together(phases, "")
    proof.figures.append(f"the daemon had ended after: {milliseconds(took)}")
    proof.figures += phase.lines()
    for name in ("web", "slow web"):
        tally = phase.tallies[name]
        lost = tally.unanswered + tally.wrong
        proof.need(not lost, f"{name}: {lost} requests that had been sent were not answered")
        proof.need(not tally.reset, f"{name}: {tally.reset} connections were reset")
    proof.data = {"seconds": took, "terminated": phase.data()}
    return proof


def _terminated(bounds: Bounds, cores: Cores, workers: int) -> tuple[Phase, float, int]:
    rates = {name: rate for name, rate in bounds.rates.items() if name in ASKING}
    core = cores.server if workers == 1 else None
    with site(core, workers, DRAIN) as running, loading(Plan(running.ports, rates), cores.load) as load:
        load.phase("terminated")
        time.sleep(AROUND)
        begun = time.perf_counter()
        os.kill(running.pid, signal.SIGTERM)
        status = running.running.process.wait(60)
        took = time.perf_counter() - begun
        time.sleep(AROUND)
        return load.end()["terminated"], took, status
