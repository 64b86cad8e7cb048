"""The log of a process that serves: on its standard output, as the first one's looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from twisted.logger import globalLogBeginner

from protocols.daemon.loader import Loaded
from protocols.daemon.log import Flood, lines, passing, threshold


class WorkerLog:
    """Begins as soon as it is known how."""

    def __init__(self) -> None:
        self._masks: tuple[Callable[[str], str], ...] = (str,)

    def begin(self, chosen: Mapping[str, str], reactor: Any) -> None:
        """:param chosen: ``style`` and ``level``, as the command line says them."""
        threshold.set(chosen["level"])
        flood = Flood(
            lines(chosen["style"], sys.stdout, self._redacted),
            later=lambda seconds, call: reactor.callFromThread(reactor.callLater, seconds, call),
        )
        reactor.addSystemEventTrigger("after", "shutdown", flood.close)
        globalLogBeginner.beginLoggingTo([passing(flood, threshold)])

    def took(self, loaded: Loaded) -> None:
        """Mask the secrets of `loaded` too: what is served goes on with those that it had."""
        self._masks = (*self._masks[-1:], loaded.origin.redact)

    def _redacted(self, line: str) -> str:
        for mask in self._masks:
            line = mask(line)
        return line
