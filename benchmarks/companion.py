"""A process of our own, told and heard by pipes: one that asks, attacks, or only seems to serve."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processor import pin

HERE = Path(__file__).parent


@contextmanager
def companion(
    module: str, *arguments: str, core: int | None = None, nice: int = 0
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `module`, as ``python -m`` does, as long as the block lasts; then it is killed.

    :param core: where it runs; ``None``: anywhere.
    :param nice: how much it leaves others the core they share.
    """
    started = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.nice(nice),
    )
    try:
        pin(started.pid, core)
        yield started
    finally:
        started.kill()
        started.wait()
        for pipe in (started.stdin, started.stdout):
            assert pipe is not None
            pipe.close()
