"""New code that takes over under load, again and again."""

from __future__ import annotations

import os
import signal
import time

from failure import BenchmarkError
from operations.load import Plan
from operations.loading import loading
from operations.proof import Bounds, Proof, milliseconds
from operations.site import Site, site
from processor import Cores, is_there, parent

# Of the replaced process: clients that never leave are in it.
DRAIN = "3s"
# For an interpreter to start, and all that is new to be read.
PATIENCE = 60.0
# Seconds of load before the first, and after the last.
AROUND = 2.0


def prove(bounds: Bounds, cores: Cores) -> Proof:
    """Upgrade a daemon of one process, then one of two workers."""
    proof = Proof(f"3. {bounds.upgrades} upgrades under load")
    for workers in (1, 2):
        try:
            _upgrades(proof, bounds, cores, workers, max(1, bounds.upgrades // 2))
        except BenchmarkError as error:
            proof.missed.append(f"workers: {workers}: {error}")
    return proof


def _upgrades(proof: Proof, bounds: Bounds, cores: Cores, workers: int, count: int) -> None:
    core = cores.server if workers == 1 else None
    took = []
    with (
        site(core, workers, DRAIN) as running,
        loading(Plan(running.ports, bounds.rates), cores.load) as load,
    ):
        time.sleep(AROUND)
        load.phase("upgrading")
        for _ in range(count):
            took.append(_upgraded(running))
        time.sleep(AROUND)
        phase = load.end()["upgrading"]
    proof.figures.append(f"workers: {workers}; {milliseconds(took)} until new code answers")
    proof.figures += phase.lines()
    for name, tally in phase.tallies.items():
        said = f"workers: {workers}: {name}: {tally}"
        if name in ("web", "slow web", "new lines"):
            proof.need(not tally.failed, said)
        proof.need(not tally.refused + tally.reset, said)
    proof.data[f"workers {workers}"] = {"seconds": took, "upgrading": phase.data()}


def _upgraded(running: Site) -> float:
    """Seconds until a process answers that was not there; then the old ones may finish."""
    first, before = running.pid, set(running.serving())
    os.kill(first, signal.SIGUSR2)

    def is_new() -> bool:
        answering = int(running.ask("beacon")[1])
        if answering in before:
            return False
        running.pid = answering if running.workers == 1 else parent(answering)
        return True

    took = running.wait_until(is_new, "nothing but the old process answers", PATIENCE)
    running.wait_until(lambda: not is_there(first), f"process {first}, which was replaced, does not end")
    return took
