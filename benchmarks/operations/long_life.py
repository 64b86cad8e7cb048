"""A day in minutes: millions of messages through every kind of service, and what is left of them."""

from __future__ import annotations

import json
import shutil
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

from companion import companion
from failure import BenchmarkError
from operations.proof import Bounds, Proof
from operations.question import HOST
from operations.site import HERE, Site, site
from operations.web_exchanges import FILE, SCRIPT
from processor import Cores, descriptors, resident
from servers import certificate_in

# Of all messages, and of all connections, in thousandths: what is slow by its nature has fewer.
SHARES: dict[str, tuple[float, float]] = {
    "lines": (250, 250),
    "unix": (100, 150),
    "tls": (80, 80),
    "plain": (50, 60),
    "length": (80, 50),
    "netstring": (60, 30),
    "delimited": (50, 30),
    "fixed": (30, 20),
    "raw": (10, 20),
    "echo": (50, 40),
    "awaited": (20, 20),
    "threads": (10, 10),
    "processes": (2, 4),
    "forward": (40, 30),
    "factory": (10, 20),
    "websocket": (50, 50),
    "datagrams": (60, 20),
    "datagrams passed on": (8, 2),
    "unix datagrams": (20, 10),
    "http": (10, 60),
    "https": (3, 10),
    "http/2": (8, 10),
    "events": (20, 10),
    "files": (3, 8),
    "proxy": (2, 4),
    "wsgi": (2, 4),
    "asgi": (2, 4),
    "resource": (2, 4),
    "cgi": (0.1, 1),
}
# Rounds after which what the daemon takes for good has been taken.
WARMING = 3
GROWTH = 1.10
# The share of datagrams that may get lost, for nobody promises anything of them.
LOSS = 1e-4
# For connections that have ended to be gone, and what was replaced, too.
SETTLE = 15.0
# Seconds for which nothing was closed, after which nothing is about to be.
STILL = 2.0
STREAMS = (
    *("lines", "tls", "plain", "length", "netstring", "delimited", "fixed", "raw", "echo", "awaited"),
    *("threads", "processes", "forward", "factory", "web", "secure", "beacon", "collect"),
)
DATAGRAMS = ("datagrams", "passed_on")
DATAGRAM_KINDS = ("datagrams", "datagrams passed on", "unix datagrams")


def prove(bounds: Bounds, cores: Cores) -> Proof:
    """So many messages and connections, in rounds; what is served is reloaded after each."""
    rounds = bounds.days
    numbers = shares(bounds.messages // rounds, bounds.connections // rounds)
    messages = rounds * sum(messages for _, messages in numbers.values())
    connections = rounds * sum(connections for connections, _ in numbers.values())
    proof = Proof(f"5. {messages:,} messages and {connections:,} connections through every kind of service")
    memory: list[int] = []
    opened: list[int] = []
    begun = time.monotonic()
    with site(
        cores.server,
        drain="5s",
        template="long_life.yaml",
        streams=STREAMS,
        datagrams=DATAGRAMS,
        fill=fill,
    ) as running:
        first = len(descriptors(running.pid))
        plan = {"ports": running.ports, "folder": str(running.folder)}
        with companion("operations.life", json.dumps(plan), core=cores.load) as living:
            for number in range(rounds):
                lost = _round(living, running, numbers)
                if bounds.reloads:
                    running.served += 1
                    running.noticed += number % 2
                    running.write()
                    running.reload()
                memory.append(_settled(running))
                opened.append(len(descriptors(running.pid)))
                _show(number + 1, rounds, memory[-1])
        family_memory = running.resident()
    took = time.monotonic() - begun
    warm, most = memory[WARMING - 1], max(memory[WARMING:])
    left = opened[-1] - opened[WARMING - 1]
    sizes = [_mebibytes(size) for size in (memory[0], warm, most, memory[-1], family_memory)]
    proof.figures += [
        f"it took {took:.0f} s, with {rounds if bounds.reloads else 0} reloads in between",
        "memory in MiB: {} after the first of {} rounds, {} after {}, then at most {}, and {} at the end; "
        "with its children {}".format(sizes[0], rounds, sizes[1], WARMING, *sizes[2:]),
        f"descriptors: {first} at first, {opened[WARMING - 1]} when warm, {opened[-1]} at the end",
        "datagrams that were lost, and sent again: "
        + (", ".join(f"{count} of {name}" for name, count in lost.items()) or "none"),
        "messages and connections:",
        *(f"  {name:20}{rounds * m:11,}{rounds * c:9,}" for name, (c, m) in numbers.items()),
    ]
    proof.need(most < GROWTH * warm, f"memory grows to {most / warm:.2f} times what it is when warm")
    of_datagrams = rounds * sum(numbers[name][1] for name in DATAGRAM_KINDS)
    gone = sum(lost.values())
    proof.need(gone <= LOSS * of_datagrams, f"{gone} of {of_datagrams:,} datagrams were lost")
    proof.need(left <= 0, f"{left} descriptors are left")
    proof.data = {"numbers": numbers, "seconds": took, "memory": memory, "descriptors": [first, *opened]}
    return proof


def shares(messages: int, connections: int) -> dict[str, tuple[int, int]]:
    """Connections and messages of each kind in a round, with a message for each connection at least."""
    whole = [sum(share[part] for share in SHARES.values()) for part in (0, 1)]
    found = {}
    for name, (of_messages, of_connections) in SHARES.items():
        count = max(1, round(connections * of_connections / whole[1]))
        found[name] = (count, max(count, round(messages * of_messages / whole[0])))
    return found


def _round(
    living: subprocess.Popen[bytes], running: Site, numbers: dict[str, tuple[int, int]]
) -> dict[str, int]:
    """How many datagrams were lost so far."""
    assert living.stdin is not None
    assert living.stdout is not None
    living.stdin.write(json.dumps({"version": running.served, "numbers": numbers}).encode() + b"\n")
    living.stdin.flush()
    line = living.stdout.readline()
    if not line:
        raise BenchmarkError("whoever asks has given up by himself")
    found = json.loads(line)
    if found["wrong"]:
        raise BenchmarkError(found["wrong"])
    lost: dict[str, int] = found["lost"]
    return lost


def _settled(running: Site) -> int:
    """Bytes of memory once everything of a round is gone, or has had the time to be."""
    until = time.monotonic() + SETTLE
    count, since = 0, time.monotonic()
    while (now := time.monotonic()) < until and now - since < STILL:
        if (found := len(descriptors(running.pid))) != count:
            count, since = found, now
        time.sleep(0.05)
    address = (HOST, running.ports["collect"])
    with socket.create_connection(address, SETTLE) as asking:
        asking.sendall(b"now\n")
        if not asking.recv(64):
            raise BenchmarkError("the daemon does not say that it has collected its garbage")
    return resident(running.pid)


def _show(done: int, rounds: int, memory: int) -> None:
    """How far it is, on a terminal."""
    if sys.stdout.isatty():
        bar = "#" * done + "." * (rounds - done)
        end = "\r" if done < rounds else "\r\033[K"
        print(f"  [{bar}] {_mebibytes(memory)} MiB", end=end, flush=True)


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.1f}"


def fill(folder: Path) -> None:
    """What the services of ``long_life.yaml`` need beside them."""
    certificate_in(folder)
    shutil.copy(HERE / "living.py", folder)
    (folder / "site").mkdir()
    (folder / "site" / "file.txt").write_bytes(FILE)
    (folder / "cgi-bin").mkdir()
    script = folder / "cgi-bin" / "same"
    script.write_text(SCRIPT)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
