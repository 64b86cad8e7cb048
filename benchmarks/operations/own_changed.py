"""Reloads that change what is asked: nobody may go without an answer, or find nobody listening."""

from __future__ import annotations

import time

from operations.load import Plan
from operations.loading import loading
from operations.proof import Bounds, Proof, milliseconds
from operations.site import site
from processor import Cores

# Of load after the last reload, so that what it leaves behind is seen.
AFTER = 2.0


def prove(bounds: Bounds, cores: Cores) -> Proof:
    """Load while its own services change: of one process, then of two workers."""
    proof = Proof(f"1. {bounds.own_reloads} reloads that change the services under load")
    for workers in (1, 2):
        _reloads(proof, bounds, cores, workers)
    return proof


def _reloads(proof: Proof, bounds: Bounds, cores: Cores, workers: int) -> None:
    took = []
    core = cores.server if workers == 1 else None
    with site(core, workers) as running, loading(Plan(running.ports, bounds.rates), cores.load) as load:
        time.sleep(AFTER)
        load.phase("reloading")
        for _ in range(bounds.own_reloads):
            begun = time.perf_counter()
            running.served += 1
            running.write()
            took.append(running.reload())
            time.sleep(max(0.0, begun + bounds.own_period - time.perf_counter()))
        # Connections that stay may go on under the old rules; new ones may not.
        time.sleep(AFTER)
        phase = load.end()["reloading"]
        newest, said = running.served, running.said()
    proof.figures.append(f"workers: {workers}; {milliseconds(took)} until served; the log says: {said}")
    proof.figures += phase.lines()
    for name, tally in phase.tallies.items():
        proof.need(not tally.failed, f"workers: {workers}: {name}: {tally}")
    for name in ("new lines", "web", "datagrams"):
        found = phase.tallies[name].newest
        proof.need(found == newest, f"{name}: answers are of version {found}, not {newest}")
    proof.data[f"workers {workers}"] = {"reloads": took, "reloading": phase.data()}
