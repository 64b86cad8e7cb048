"""``python tests/fuzz``: many inputs for everything that reads what peers send.

The exit status is 1 if one did what none may do; it is printed, and the seed and number find it again.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from pathlib import Path

from campaign import Report, run, wanted
from targets import TARGETS

COUNT = 1_000_000
CAMPAIGN = 5_000
"""Inputs of one target before the next has its turn."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help=f"inputs in all (default: {COUNT:,})")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0.0, help="after which it ends (default: never)")
    parser.add_argument("--only", action="append", default=[], choices=[each.name for each in TARGETS])
    options = parser.parse_args()
    targets = wanted(options.only)
    until = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    shares = sum(target.share for target in targets)
    found = tried = 0
    for target in targets:
        count = max(1, round(options.count * target.share / shares))
        # Once round, so that every cache is as full as it gets.
        run(target, min(CAMPAIGN, count), options.seed + 1)
        gc.collect()
        before = _resident()
        report = run(target, count, options.seed, lambda: time.monotonic() < until)
        gc.collect()
        _print(report, _resident() / before)
        found += len(report.findings)
        tried += report.inputs
    print(f"{tried:,} inputs, {found} findings")
    return 1 if found else 0


def _print(report: Report, memory: float) -> None:
    outcomes = ", ".join(f"{name}: {count:,}" for name, count in report.outcomes.most_common())
    rate = report.inputs / report.seconds if report.seconds else 0.0
    tried = f"{report.inputs:9,} inputs {rate:8,.0f}/s memory x{memory:.2f}"
    print(f"{report.target:20}{tried}  {outcomes}", flush=True)
    for finding in report.findings:
        where = f"seed {finding.seed}, input {finding.number}"
        print(f"FOUND by {report.target}, {where}: {finding.data!r}\n{finding.what}")


def _resident() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 1


if __name__ == "__main__":
    sys.exit(main())
