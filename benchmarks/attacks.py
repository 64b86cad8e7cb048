"""What attacks cost Polyport, and whoever is served beside them.

Every attack meets a daemon of its own, which has one core; the attackers and whoever behaves share another.
Nothing leaves 127.0.0.0/8, and every attack ends by itself.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

from attack.measure import Result, measured
from attack.table import ATTACKS, Forged
from failure import BenchmarkError
from processor import Cores, pin

SECONDS = 1.5
# For what an interpreter needs itself.
SPARE = 200
# How much slower somebody else may be served while one source floods.
SLOWDOWN = 2.0
MEMORY_LEFT = 1.1
# As of `limits.amplification`.
AMPLIFICATION = 3.0
HEAD = (
    f"{'attack':22}{'came':>8}{'held':>7}{'bytes each':>11}{'median':>8}{'p99':>7}{'rate':>7}{'lost':>6}"
    f"{'busy':>6}{'us each':>9}  {'ended after':16}{'left':>5}{'memory':>8}"
)


def main() -> int:
    options = _options()
    _allow_sockets()
    cores = Cores.available()
    pin(0, cores.load)
    print(f"{cores}\n\n{HEAD}", flush=True)
    missed = []
    results = []
    for attack in ATTACKS:
        if options.only and attack.name not in options.only:
            continue
        try:
            result = measured(attack, options.scale, options.seconds, cores)
        except BenchmarkError as error:
            print(f"error: {attack.name}: {error}", file=sys.stderr)
            return 1
        results.append(result)
        print(_line(result, amplifies=isinstance(attack, Forged)), flush=True)
        missed += _missed(result)
    print(f"\n{_LEGEND}")
    for line in missed or ["every target is met"]:
        print(line)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [attack.name for attack in ATTACKS]
    parser.add_argument("--only", action="append", choices=names, help="this attack; several may be named")
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of connections (default: 1)")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"of one measurement (default: {SECONDS:g})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    return parser.parse_args()


def _allow_sockets() -> None:
    """As many descriptors as may be, for this process and those that it starts."""
    wanted = max((attack.count for attack in ATTACKS if hasattr(attack, "count")), default=0) + SPARE
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        print(f"warning: only {hard} descriptors are allowed, so fewer connections come", file=sys.stderr)
    soft = wanted if hard == resource.RLIM_INFINITY else min(hard, 2 * wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _line(result: Result, *, amplifies: bool) -> str:
    if amplifies:
        return f"{result.name:22}{result.count:8,}  {result.amplification:.2f} bytes back for each that came"
    ended = "not" if result.ended_after is None else "/".join(f"{each:.1f}" for each in result.ended_after)
    cost = f"{result.held:7,}{result.bytes_each:11,.0f}"
    others = f"{result.median:7.2f}x{result.p99:6.1f}x{result.rate:6.2f}x{result.lost:6.0%}"
    busy = f"{result.processor:6.0%}{result.effort * 1e6:9.1f}"
    rest = f"{ended:16}{result.left:5}{result.memory_left:7.2f}x"
    return f"{result.name:22}{result.count:8,}{cost}{others}{busy}  {rest}"


def _missed(result: Result) -> list[str]:
    """The targets that `result` does not meet, in words."""
    missed = []
    if result.is_of_one and max(result.median, result.rate) > SLOWDOWN:
        missed.append(f"{result.name}: others are served more than {SLOWDOWN:g} times as slowly")
    if result.left:
        missed.append(f"{result.name}: {result.left} connections are left")
    if result.memory_left > MEMORY_LEFT:
        missed.append(f"{result.name}: the next takes more than {MEMORY_LEFT - 1:.0%} of memory beyond that")
    if result.amplification > AMPLIFICATION:
        missed.append(f"{result.name}: amplifies more than {AMPLIFICATION:g} times")
    return [f"missed: {each}" for each in missed]


_LEGEND = """came         connections, or datagrams, of the attackers
held         connections that the daemon holds at a time, and of its memory the bytes each
median, p99  how many times as long somebody else waits for an answer as without the attack
rate         how many times fewer answers he gets, asking one question after the other; lost: datagrams
busy         share of its core that the daemon needs; of a storm, microseconds for each that came
ended after  seconds: the first attacker, the median, the last
left         connections afterwards, and memory as a share of what it was after the same had come before
"""

if __name__ == "__main__":
    sys.exit(main())
