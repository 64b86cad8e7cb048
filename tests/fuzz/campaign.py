"""Runs of many inputs, the same for the same seed."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from mutation import Mutator
from targets import TARGETS, Target
from twisted.logger import LogLevel, globalLogPublisher

EXHAUSTED = 3
"""Findings after which a target is given up."""


@dataclass
class Finding:
    """An input that did what none may do."""

    target: str
    seed: int
    number: int
    data: bytes
    what: str


@dataclass
class Report:
    """What came of a target."""

    target: str
    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """How often each thing happened that may."""
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0
    grown: int = 0
    """Bytes of Python's memory that are held at the end and were not in the middle."""


class Failures:
    """Holds the last event that was logged as a failure."""

    def __init__(self) -> None:
        self.last: str | None = None

    def __call__(self, event: dict[str, Any]) -> None:
        if event["log_level"] in (LogLevel.error, LogLevel.critical):
            failure = event.get("log_failure")
            self.last = str(event.get("log_format")) if failure is None else failure.getTraceback()

    def take(self) -> str | None:
        last, self.last = self.last, None
        return last


def run(target: Target, count: int, seed: int, go_on: Callable[[], bool] = lambda: True) -> Report:
    """Try `count` inputs on `target`, as long as `go_on` says."""
    report = Report(target.name)
    random = Random(f"{seed} {target.name}")
    mutator = Mutator(random, target.corpus, target.tokens)
    failures = Failures()
    globalLogPublisher.addObserver(failures)
    try:
        begun = time.perf_counter()
        for number in range(count):
            if not go_on() or len(report.findings) >= EXHAUSTED:
                break
            data = mutator.next()
            pieces = mutator.pieces(data)
            what = _try(target, pieces, report.outcomes) or failures.take()
            if what is not None:
                failures.take()
                report.findings.append(Finding(target.name, seed, number, data, what))
            report.inputs += 1
        report.seconds = time.perf_counter() - begun
    finally:
        globalLogPublisher.removeObserver(failures)
    return report


def measured_growth(target: Target, count: int, seed: int) -> tuple[int, int]:
    """Bytes of Python's memory before and after `count` inputs, caches being full."""
    run(target, count, seed)
    gc.collect()
    tracemalloc.start()
    try:
        run(target, count // 2, seed)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        run(target, count, seed)
        gc.collect()
        return before, tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def wanted(names: Iterable[str]) -> list[Target]:
    """The targets of these names, or all."""
    chosen = set(names)
    return [target for target in TARGETS if not chosen or target.name in chosen]


def _try(target: Target, pieces: list[bytes], outcomes: Counter[str]) -> str | None:
    """What is wrong, if anything is."""
    try:
        outcomes[target.check(pieces)] += 1
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        import traceback

        return "".join(traceback.format_exception(error))
    return None
