"""Whether the load notices what goes wrong; otherwise nothing that it finds means anything."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from companion import companion
from operations.load import Plan
from operations.loading import Loading, Phase, loading
from operations.proof import Bounds, Proof
from processor import Cores

SECONDS = 1.0
# Enough for a fault to come several times.
RATES = {"lines": 50.0, "new lines": 40.0, "web": 50.0, "websocket": 50.0, "datagrams": 50.0}

EXPECTED = {
    "none": {},
    "silence": {"unanswered": tuple(RATES)},
    "reset": {"unanswered": tuple(RATES), "reset": ("lines", "new lines", "web", "websocket")},
    "close": {"unanswered": tuple(RATES), "closed": ("lines", "new lines", "web"), "told": ("websocket",)},
    "wrong": {"wrong": tuple(RATES)},
    "goodbye": {
        "unanswered": ("lines", "new lines", "websocket", "datagrams"),
        "closed": ("lines", "new lines"),
        "told": ("web", "websocket"),
    },
    "gone": {"refused": ("new lines", "datagrams"), "unsent": ("new lines",), "unanswered": ("datagrams",)},
}
"""What is to be noticed of a fault, and by whom."""

NOTABLE = ("wrong", "unanswered", "unsent", "refused", "reset", "closed", "told")


def prove(bounds: Bounds, cores: Cores) -> Proof:
    """Ask a server for each fault that there is, all at once."""
    proof = Proof("0. The load notices when something is wrong")
    with ExitStack() as stack:
        loads: dict[str, Loading] = {}
        servers = []
        for fault in EXPECTED:
            server, ports = stack.enter_context(_faulty(fault))
            servers.append(server)
            loads[fault] = stack.enter_context(loading(Plan(ports, RATES, 8), cores.load))
            loads[fault].phase("asking")
        time.sleep(SECONDS)
        for server in servers:
            assert server.stdin is not None
            server.stdin.write(b"now\n")
            server.stdin.flush()
        time.sleep(SECONDS)
        for load in loads.values():
            load.ask_no_more()
        for fault, load in loads.items():
            _judge(proof, fault, load.end()["asking"])
    return proof


def _judge(proof: Proof, fault: str, phase: Phase) -> None:
    for name, tally in phase.tallies.items():
        noticed = {each for each in NOTABLE if getattr(tally, each)}
        wanted = {what for what, who in EXPECTED[fault].items() if name in who}
        missing = ", ".join(sorted(wanted - noticed))
        proof.need(not missing, f"{fault}: {name}: {tally}; nothing is {missing}")
        proof.need(fault != "none" or not noticed, f"{fault}: {name}: {tally}")
    asked = sum(tally.asked for tally in phase.tallies.values())
    proof.figures.append(f"{fault}: {phase.failed} of {asked} questions")


@contextmanager
def _faulty(fault: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, int]]]:
    with companion("operations.faulty", fault) as server:
        assert server.stdout is not None
        yield server, json.loads(server.stdout.readline())
