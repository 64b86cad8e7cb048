"""Running one coroutine as a command-line program."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends the program early; it exits with 128 and the signal's number, as shells report it."""


def run_coroutine(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run `main` in an event loop of asyncio's, and return the exit status it gives."""
    status = 0
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(main())

        def interrupted(number: int) -> None:
            nonlocal status
            status = 128 + number
            task.cancel()

        for number in SIGNALS:
            loop.add_signal_handler(number, interrupted, number)
        try:
            return loop.run_until_complete(task)
        except asyncio.CancelledError:
            return status
