"""Proofs of what operators are promised: reloads, dead workers, upgrades, mistakes, and a long life.

Each meets a daemon of its own.  Nothing leaves 127.0.0.0/8, and every proof ends by itself.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from failure import BenchmarkError
from operations import (
    channel_killed,
    long_life,
    noticing,
    others_changed,
    own_changed,
    refused,
    terminated,
    upgraded,
    worker_killed,
)
from operations.proof import RATES, Bounds, Proof
from processor import Cores, pin

PROOFS: dict[str, Callable[[Bounds, Cores], Proof]] = {
    "noticing": noticing.prove,
    "others-changed": others_changed.prove,
    "own-changed": own_changed.prove,
    "worker-killed": worker_killed.prove,
    "upgraded": upgraded.prove,
    "terminated": terminated.prove,
    "refused": refused.prove,
    "long-life": long_life.prove,
    "channel-killed": channel_killed.prove,
}
BRIEF = Bounds(
    reloads=6,
    own_reloads=3,
    period=1.0,
    rounds=2,
    kills=1,
    upgrades=2,
    terms=2,
    days=4,
    channel_kills=10,
    messages=60_000,
    connections=1000,
    # Few enough for a machine that has other things to do.
    rates={name: rate / 4 for name, rate in RATES.items()},
)
"""Not to learn the figures, but that nothing is lost."""


def main() -> int:
    options = _options()
    bounds = _bounds(options)
    cores = Cores.available()
    pin(0, cores.load)
    print(f"{cores}\n", flush=True)
    found = []
    for name, prove in PROOFS.items():
        if options.only and name not in options.only:
            continue
        begun = time.monotonic()
        try:
            proof = prove(bounds, cores)
        except BenchmarkError as error:
            proof = Proof(name, missed=[str(error)])
        found.append(proof)
        print(f"{proof.text()}\n  ({time.monotonic() - begun:.0f} s)\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(proof) for proof in found], indent=2) + "\n")
    # What is too slow where little is tried says nothing.
    missed = sum(bool(proof.missed or (proof.slow and not options.brief)) for proof in found)
    print("everything is as it should be" if not missed else f"{missed} of {len(found)} are not met")
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=list(PROOFS), help="this one; several may be named"
    )
    parser.add_argument("--brief", action="store_true", help="a little of each, in less than three minutes")
    for name, value in asdict(Bounds()).items():
        if isinstance(value, int | float):
            parser.add_argument(
                f"--{name.replace('_', '-')}", type=type(value), help=f"(default: {value:,})", dest=name
            )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser.parse_args()


def _bounds(options: argparse.Namespace) -> Bounds:
    bounds = BRIEF if options.brief else Bounds()
    said = {
        name: getattr(options, name) for name in asdict(bounds) if getattr(options, name, None) is not None
    }
    return replace(bounds, **said)


if __name__ == "__main__":
    sys.exit(main())
