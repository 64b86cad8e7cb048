"""kill -9 of a daemon that is published to: what was acknowledged is there, once, and in its place."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from string import Template

from operations.proof import Bounds, Proof
from operations.publishers import Publisher
from operations.question import HOST
from processor import Cores
from servers import Running, free_ports, process

HERE = Path(__file__).parent
PUBLISHERS = 4
EARLIEST, LATEST = 0.01, 0.4
"""Seconds of publishing until the daemon is killed."""


def prove(bounds: Bounds, cores: Cores) -> Proof:
    """Kill it as often as `bounds` says, each time after another while; then look at what is kept."""
    proof = Proof(f"6. kill -9 of a daemon that is published to, {bounds.channel_kills} times")
    publishers: list[Publisher | None] = [None] * PUBLISHERS
    chance = random.Random(7)
    kept: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(prefix="polyport-proofs-") as name:
        folder = Path(name)
        ports = free_ports(("commands", "web"), ())
        text = Template((HERE / "channels.yaml").read_text()).substitute(ports, folder=folder)
        (folder / "polyport.yaml").write_text(text)
        twistd = Path(sys.executable).parent / "twistd"
        command = [str(twistd), "-n", "--pidfile=", "polyport", "-c", str(folder / "polyport.yaml")]
        for number in range(bounds.channel_kills + 1):
            with process(command, HERE.parent.parent, cores.server) as running:
                running.wait_until(lambda: _answers(ports))
                kept = _history(ports)
                if not _judge(proof, number, kept, publishers) or number == bounds.channel_kills:
                    break
                publishers = _killed(running, ports, publishers, chance.uniform(EARLIEST, LATEST))
    acknowledged = sum(len(each.kept) for each in publishers if each)
    proof.figures.append(f"{acknowledged:,} messages were acknowledged, {len(kept):,} are kept")
    proof.need(acknowledged > bounds.channel_kills, "hardly anything was published")
    proof.data = {"acknowledged": acknowledged, "kept": len(kept)}
    return proof


def _killed(
    running: Running, ports: Mapping[str, int], before: list[Publisher | None], seconds: float
) -> list[Publisher | None]:
    """Publish for so long, and kill the daemon then; the publishers, once they have noticed."""
    publishers = [Publisher(f"p{number}", ports["commands"], one) for number, one in enumerate(before)]
    for publisher in publishers:
        publisher.start()
    time.sleep(seconds)
    os.kill(running.process.pid, signal.SIGKILL)
    for publisher in publishers:
        publisher.join()
    return list(publishers)


def _judge(
    proof: Proof, number: int, kept: list[dict[str, object]], publishers: list[Publisher | None]
) -> bool:
    """Whether what is kept is what was acknowledged, after so many kills."""
    missed = len(proof.missed)
    seqs = [message["seq"] for message in kept]
    places = {message["id"]: message["seq"] for message in kept}
    proof.need(seqs == list(range(1, len(kept) + 1)), f"after kill {number} the numbers have gaps")
    proof.need(len(places) == len(kept), f"after kill {number} an id is there twice")
    for publisher in publishers:
        if publisher is None:
            continue
        lost = [name for name, seq in publisher.kept.items() if places.get(name) != seq]
        proof.need(not lost, f"after kill {number} {len(lost)} acknowledged messages are not in their place")
        proof.need(not publisher.wrong, f"a publisher was told {publisher.wrong[:1]}")
    bodies = sum(message["body"] != f"body of {message['id']}" for message in kept)
    proof.need(not bodies, f"after kill {number} {bodies} bodies are wrong")
    return len(proof.missed) == missed


def _answers(ports: Mapping[str, int]) -> bool:
    _get(ports, "/log?limit=1")
    return True


def _history(ports: Mapping[str, int]) -> list[dict[str, object]]:
    return [json.loads(line) for line in _get(ports, "/log").splitlines()]


def _get(ports: Mapping[str, int], target: str) -> bytes:
    connection = http.client.HTTPConnection(HOST, ports["web"], timeout=30)
    try:
        connection.request("GET", target, headers={"Accept": "application/x-ndjson"})
        answer = connection.getresponse()
        content = answer.read()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"GET {target}: {answer.status}")
    return content
