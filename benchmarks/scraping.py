"""Scraping a server's metrics while it is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from failure import BenchmarkError

HERE = Path(__file__).parent

PATIENCE_SECONDS = 15.0


@dataclass(slots=True)
class Scrapes:
    """What came of it."""

    seconds: list[float] = field(default_factory=list)
    """How long each took."""
    size: int = 0
    """Bytes of the last."""


@contextmanager
def scraped(port: int, core: int | None) -> Iterator[Scrapes]:
    """Scrape ``/metrics`` on `port` once a second as long as the block lasts, from `core`.

    Raises :class:`BenchmarkError` if one fails.
    """
    command = [*(["taskset", "-c", str(core)] if core is not None else [])]
    command += [sys.executable, str(HERE / "scraper.py"), str(port)]
    scrapes = Scrapes()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            yield scrapes
            output, complaint = process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            process.kill()
    if process.returncode != 0:
        raise BenchmarkError(f"scraping: {complaint.decode().strip() or process.returncode}")
    found = json.loads(output)
    scrapes.seconds, scrapes.size = found["seconds"], found["bytes"]
