"""The signals that a daemon acts on, in its reactor."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

Act = Callable[[str], object]
"""Gets the name of the signal."""


def act_on_signals(reactor: Any, *, stop: Act, reload: Act, upgrade: Act) -> None:
    """Take the signals, of which the reactor and twistd would have others end the process.

    SIGTERM and SIGINT stop, SIGHUP reloads, SIGUSR2 upgrades.  SIGHUP on a terminal says that this is gone,
    and so stops too.
    """
    on_terminal = sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
    acts: Mapping[signal.Signals, Act] = {
        signal.SIGTERM: stop,
        signal.SIGINT: stop,
        signal.SIGHUP: stop if on_terminal else reload,
        signal.SIGUSR2: upgrade,
    }

    def came(number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number)
        reactor.callFromThread(acts[name], name.name)

    for number in acts:
        signal.signal(number, came)
