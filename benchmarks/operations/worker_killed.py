"""A worker that is killed under load: its connections end, and nothing else does."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

from operations.load import Plan
from operations.loading import Phase, loading, together
from operations.proof import Bounds, Proof, milliseconds
from operations.site import Site, site
from processor import Cores, descriptors

# Seconds until there is another one.
SOON = 1.0
# Of load between two kills.
BETWEEN = 3.0
# Of load in which everything begins that a kill may end: what takes long was asked before it.
UNDER_WAY = 0.5
# What is under way in a moment, beside connections that stay: of each second's new ones, those of so long.
MOMENT = 0.1


def prove(bounds: Bounds, cores: Cores) -> Proof:
    """Kill one of two workers again and again."""
    proof = Proof(f"2. kill -9 of one of two workers, {bounds.kills} times, under load")
    took: list[float] = []
    held: list[int] = []
    # Two workers have both cores, and the load has to do with what is left: it is correct, not fast.
    with site(None, workers=2) as running, loading(Plan(running.ports, bounds.rates), cores.load) as load:
        for number in range(bounds.kills):
            time.sleep(BETWEEN)
            load.phase(f"killed {number}")
            time.sleep(UNDER_WAY)
            victim = running.serving()[number % 2]
            held.append(_connections(victim, running.ports))
            took.append(_killed(running, victim))
            time.sleep(BETWEEN)
            load.phase("between")
        phases = load.end()
    proof.figures.append(f"until another worker answers: {milliseconds(took)}")
    proof.need_speed(max(took) < SOON, f"it took {max(took):.2f} s until another worker answered")
    for number, count in enumerate(held):
        _judge(proof, phases[f"killed {number}"], count, bounds)
    between = together(phases, "between")
    proof.need(not between.failed, "something failed between two kills:" + "".join(between.lines()))
    proof.data = {
        "seconds": took,
        "held": held,
        "phases": {name: each.data() for name, each in phases.items()},
    }
    return proof


def _killed(running: Site, victim: int) -> float:
    """Kill `victim`: seconds until a process answers that was not there before."""
    before = {int(pid) for pid in running.serving()}
    os.kill(victim, signal.SIGKILL)
    # A new connection may come to the queue of the killed one, and is to be answered all the same.
    return running.wait_until(
        lambda: int(running.ask("beacon")[1]) not in before, "no other worker has come in place of the killed"
    )


def _judge(proof: Proof, phase: Phase, held: int, bounds: Bounds) -> None:
    ended = sum(tally.reset + tally.closed + tally.told for tally in phase.tallies.values())
    refused = sum(tally.refused for tally in phase.tallies.values())
    slowest = phase.tallies["new lines"].waits.longest
    lost = {name: tally.unanswered for name, tally in phase.tallies.items() if tally.unanswered}
    said = ", ".join(f"{count} {name}" for name, count in lost.items()) or "none"
    proof.figures.append(
        f"it held {held} connections, {ended} ended; unanswered: {said}; {refused} refused; "
        f"a new connection waited {slowest * 1e3:.0f} ms at most"
    )
    proof.need(not refused, f"{refused} connections or datagrams were refused")
    # New connections come to both all the time; those that were accepted, and not answered yet, end too.
    spare = 1 + bounds.rates.get("new lines", 0.0) * MOMENT
    proof.need(ended <= held + spare, f"{ended} connections ended, although the worker had {held}")


def _connections(pid: int, ports: dict[str, int]) -> int:
    """How many a process has of our services: what is established (state 01) in proc_net(5)."""
    inodes = {
        found[1] for each in descriptors(pid).values() if (found := re.fullmatch(r"socket:\[(\d+)\]", each))
    }
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        local, state, inode = fields[1], fields[3], fields[9]
        is_ours = int(local.partition(":")[2], 16) in ports.values()
        count += is_ours and state == "01" and inode in inodes
    return count
