"""Measures Polyport beside its peers and prints the ratios.

Usage and how to read the table: README.md in this folder.
"""

from __future__ import annotations

import argparse
import json
import platform
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

from failure import BenchmarkError
from generator import build
from measure import Measurement, measure
from processor import Cores
from report import Report
from scenarios import SCENARIOS


def run(
    program: str,
    scenarios: Sequence[Any],
    take: Callable[..., list[Measurement]],
    arguments: Sequence[str] | None = None,
) -> int:
    """Run the benchmark; the result is the exit status: 0, or 1 if there is no result.

    :param program: what the help calls it.
    :param take: measures one of `scenarios`, as :func:`measure.measure` does.
    """
    options = _parser(program, [scenario.name for scenario in scenarios]).parse_args(arguments)
    # The default action would leave the servers behind; an exception ends them on its way out.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        _run(options, scenarios, take)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def _parser(program: str, names: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description="Measure Polyport beside its peers.")
    parser.add_argument(
        "--seconds",
        type=_number(float, 0.1, 60),
        default=2.0,
        help="length of one measurement (default: 2)",
    )
    parser.add_argument(
        "--rounds",
        type=_number(int, 1, 100),
        default=3,
        help="measurements of each server (default: 3)",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=names,
        help="measure this scenario only; may be given several times",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    return parser


def _number(convert: Callable[[str], float], least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = convert(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number that fits") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be from {least} to {most}")
        return value

    return parse


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _run(
    options: argparse.Namespace, scenarios: Sequence[Any], take: Callable[..., list[Measurement]]
) -> None:
    if sys.platform != "linux":
        raise BenchmarkError("the benchmark needs Linux: epoll, and processes pinned to cores")
    build()
    cores = Cores.available()
    print(f"{_environment()}; {cores}; {options.rounds} x {options.seconds:g} s each", flush=True)
    reports = []
    for scenario in scenarios:
        if options.only is None or scenario.name in options.only:
            taken = take(scenario, options.seconds, options.rounds, cores, _progress)
            _progress("")
            reports.append(Report(scenario, taken))
            print(f"\n{reports[-1].text()}", flush=True)
    if options.json:
        _write_json(options, cores, reports)


def _environment() -> str:
    return f"Python {platform.python_version()}, Twisted {version('twisted')}"


def _progress(step: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{step}", end="", file=sys.stderr, flush=True)


def _write_json(options: argparse.Namespace, cores: Cores, reports: Sequence[Report]) -> None:
    result: dict[str, Any] = {
        "python": platform.python_version(),
        "twisted": version("twisted"),
        "cores": {"server": cores.server, "load": cores.load},
        "seconds": options.seconds,
        "rounds": options.rounds,
        "scenarios": [report.data() for report in reports],
    }
    try:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    except OSError as error:
        raise BenchmarkError(f"the result cannot be written: {error}") from error


if __name__ == "__main__":
    sys.exit(run("benchmarks/run.py", SCENARIOS, measure))
