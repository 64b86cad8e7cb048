"""The log of a process that serves: on its standard output, as the first one's looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from twisted.logger import globalLogBeginner

from protocols.daemon.loader import Loaded
from protocols.daemon.log import observer
from protocols.journal import Journal


class WorkerLog:
    """Begins as soon as it is known how."""

    def __init__(self) -> None:
        self._masks: tuple[Callable[[str], str], ...] = (str,)

    def begin(self, chosen: Mapping[str, str]) -> None:
        """:param chosen: ``style`` and ``level``, as the command line says them."""
        Journal.follows_connections = chosen["level"] == "debug"
        observe = observer(chosen["style"], chosen["level"], sys.stdout, self._redacted)
        globalLogBeginner.beginLoggingTo([observe])

    def took(self, loaded: Loaded) -> None:
        """Mask the secrets of `loaded` too: what is served goes on with those that it had."""
        self._masks = (*self._masks[-1:], loaded.origin.redact)

    def _redacted(self, line: str) -> str:
        for mask in self._masks:
            line = mask(line)
        return line
