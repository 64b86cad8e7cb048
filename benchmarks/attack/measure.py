"""Measuring one attack: before it, while it lasts, and after it."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from attack.bystander import HOST, Ask, Service, bystander, served
from attack.crowd import Plan, State
from attack.table import Forged, Held, Storm
from attack.target import Target, target
from companion import companion
from failure import BenchmarkError
from processor import Cores

# Whoever asks has to have the core he shares with the attackers when he wants it.
NICE = 19
# Of connections that say what they are for, and end, so that what the first make the daemon take is not
# counted against the attackers.
WARM_UP = 300
# For connections that have been ended to be gone, with those that linger.
SETTLE = 15.0
# After which what the kernel has queued is accepted.
SOON = 0.3
# The share of its core that a daemon needs which has nothing to do, and seconds for which that is looked at.
CALM = 0.2
LOOK = 0.5
HEADERS = 28  # of IPv4 and UDP, which a datagram costs beside what it holds
# Connections of a storm by which memory can be divided.
ENOUGH = 50
# Seconds of a storm before anything is measured.
WARMING = 0.7
FORGED = 100
FORGER = "127.69.0.1"


@dataclass(frozen=True, slots=True)
class Result:
    """What one attack cost."""

    name: str
    count: int
    """Connections or datagrams that came."""
    held: int = 0
    """Connections that the daemon held at a time, when all had come."""
    bytes_each: float = 0.0
    """Of memory, for each of those."""
    median: float = 1.0
    """How many times longer somebody else's answers took."""
    p99: float = 1.0
    rate: float = 1.0
    """How many times fewer answers somebody else had."""
    lost: float = 0.0
    """The share of his datagrams that were lost."""
    processor: float = 0.0
    """The share of its core that the daemon was busy."""
    effort: float = 0.0
    """Seconds of its processor time for each connection or datagram, those of somebody else included."""
    is_of_one: bool = False
    """Whether one source floods, which is to be in nobody's way."""
    ended_after: tuple[float, float, float] | None = None
    """Seconds after which attackers were ended: the first, the median, the last."""
    left: int = 0
    """Connections afterwards."""
    memory_left: float = 1.0
    """Memory afterwards, as a share of what it was after the same attack had come once before: Python gives
    little back to the system, and uses it again."""
    amplification: float = 0.0
    """Bytes that came back for each that was sent."""


def measured(attack: Held | Storm | Forged, scale: float, seconds: float, cores: Cores) -> Result:
    """Start a daemon, and attack it."""
    with target(cores.server) as found:
        if isinstance(attack, Forged):
            return _forged(attack, found)
        with bystander(attack.bystander, _asked(attack, found)) as ask:
            served(ask, seconds / 2)
            sockets = found.sockets()
            _warm_up(attack, found)
            _until(lambda: found.sockets() <= sockets)
            if isinstance(attack, Held):
                return _held(attack, found, ask, max(10, int(attack.count * scale)), seconds)
            return _storm(attack, found, ask, seconds)


def _asked(attack: Held | Storm, found: Target) -> int:
    # What concerns datagrams only may still be in the way of everybody else.
    is_other = (attack.bystander == "lines") and attack.service == "datagrams"
    return found.ports["lines" if is_other else attack.service]


def _held(attack: Held, found: Target, ask: Ask, count: int, seconds: float) -> Result:
    sockets = found.sockets()
    before, memory = served(ask, seconds), found.resident()
    plan = Plan(found.ports[attack.service], count, **attack.plan)
    with _attackers("crowd", json.dumps(asdict(plan))) as attackers:
        begun, busy = time.monotonic(), found.processor()
        _state(attackers)
        time.sleep(SOON)
        if plan.torrent:
            _until_calm(found)
        held, resident = found.sockets() - sockets, found.resident()
        during = served(ask, seconds)
        spent = (found.processor() - busy) / (time.monotonic() - begun)
        state = _wait_for_ends(attackers, attack.patience)
    ended = (state.ends[0], median(state.ends), state.ends[-1]) if state.ends else None
    left, first = _afterwards(found, sockets)
    with _attackers("crowd", json.dumps(asdict(plan))) as attackers:
        _state(attackers)
        time.sleep(SOON)
    again, second = _afterwards(found, sockets)
    return Result(
        attack.name,
        count,
        held,
        (resident - memory) / max(held, 1),
        *_ratios(before, during),
        spent,
        0.0,
        False,
        ended,
        left + again,
        second / first,
    )


def _storm(attack: Storm, found: Target, ask: Ask, seconds: float) -> Result:
    sockets, memory = found.sockets(), found.resident()
    # The attackers take their share of the core of whoever behaves, whomever they attack.
    with _attackers("storm", attack.kind, str(_nobodys_port()), str(seconds + WARMING)) as storm:
        _line(storm)
        time.sleep(WARMING)
        before = served(ask, seconds)
    begun, busy = time.monotonic(), found.processor()
    with _attackers("storm", attack.kind, str(found.ports[attack.service]), str(seconds + WARMING)) as storm:
        _line(storm)
        time.sleep(WARMING)
        during = served(ask, seconds)
        held, resident = max(0, found.sockets() - sockets), found.resident()
        made = _line(storm)["made"]
        spent = found.processor() - busy
        lasted = time.monotonic() - begun
    left, after = _afterwards(found, sockets)
    return Result(
        attack.name,
        made,
        held,
        max(0, resident - memory) / held if held >= ENOUGH else 0.0,
        *_ratios(before, during),
        spent / lasted,
        spent / max(made, 1),
        attack.is_of_one,
        None,
        left,
        after / memory,
    )


def _nobodys_port() -> int:
    """A port at which nobody listens, for streams or datagrams."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _forged(attack: Forged, found: Target) -> Result:
    """What goes back to somebody who has not asked, for datagrams of one byte."""
    came = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
        forger.bind((FORGER, 0))
        forger.settimeout(0.02)
        for _ in range(FORGED):
            forger.sendto(b"x", (HOST, found.ports[attack.service]))
            try:
                came += len(forger.recv(65_536)) + HEADERS
            except TimeoutError:
                pass
    return Result(attack.name, FORGED, amplification=came / (FORGED * (1 + HEADERS)))


def _ratios(before: Service, during: Service) -> tuple[float, float, float, float]:
    return (
        during.median / before.median,
        during.p99 / before.p99,
        before.rate / during.rate,
        during.lost,
    )


def _warm_up(attack: Held | Storm, found: Target) -> None:
    if attack.service == "datagrams":
        return
    for number in range(WARM_UP):
        source = (f"127.70.{number // 200}.{1 + number % 200}", 0)
        with socket.create_connection((HOST, found.ports[attack.service]), 10, source) as connection:
            connection.sendall(b"x\n")
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    found.collect()


def _wait_for_ends(attackers: subprocess.Popen[bytes], patience: float) -> State:
    until = time.monotonic() + patience
    state = _ask_state(attackers)
    while state.open and time.monotonic() < until:
        time.sleep(0.5)
        state = _ask_state(attackers)
    return state


def _ask_state(attackers: subprocess.Popen[bytes]) -> State:
    assert attackers.stdin is not None
    attackers.stdin.write(b"?\n")
    attackers.stdin.flush()
    return _state(attackers)


def _state(attackers: subprocess.Popen[bytes]) -> State:
    return State(**_line(attackers))


def _line(attackers: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert attackers.stdout is not None
    line = attackers.stdout.readline()
    if not line:
        raise BenchmarkError("the attackers have given up by themselves")
    found: dict[str, Any] = json.loads(line)
    return found


def _afterwards(found: Target, sockets: int) -> tuple[int, int]:
    """Connections that are left, and bytes of memory."""
    _until(lambda: found.sockets() <= sockets)
    left = max(0, found.sockets() - sockets)
    found.collect()
    return left, found.resident()


def _until_calm(found: Target) -> None:
    """Until all that is said by those who do not read has come to a stop: before, they are busy clients."""
    until = time.monotonic() + SETTLE
    busy = 1.0
    while busy > CALM and time.monotonic() < until:
        before = found.processor()
        time.sleep(LOOK)
        busy = (found.processor() - before) / LOOK


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + SETTLE
    while not is_so() and time.monotonic() < until:
        time.sleep(0.1)


def _attackers(module: str, *arguments: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """The process that attacks, as long as the block lasts."""
    return companion(f"attack.{module}", *arguments, nice=NICE)
