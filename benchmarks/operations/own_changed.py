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
    """Load while its own services change."""
    proof = Proof(f"1. {bounds.own_reloads} reloads that change the services under load")
    took = []
    with site(cores.server) as running, loading(Plan(running.ports, bounds.rates), cores.load) as load:
        time.sleep(AFTER)
        load.phase("reloading")
        for _ in range(bounds.own_reloads):
            begun = time.perf_counter()
            running.served += 1
            running.write()
            took.append(running.reload())
            time.sleep(max(0.0, begun + bounds.period - time.perf_counter()))
        # Connections that stay may go on under the old rules; new ones may not.
        time.sleep(AFTER)
        phase = load.end()["reloading"]
        newest, said = running.served, running.said()
    proof.figures.append(f"reloads: {milliseconds(took)} until served; the log says: {said}")
    proof.figures += phase.lines()
    for name, tally in phase.tallies.items():
        proof.need(not tally.failed, f"{name}: {tally}")
    for name in ("new lines", "web", "datagrams"):
        found = phase.tallies[name].newest
        proof.need(found == newest, f"{name}: answers are of version {found}, not {newest}")
    proof.data = {"reloads": took, "reloading": phase.data()}
    return proof
