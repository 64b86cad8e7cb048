"""The log of a process that serves: on its standard output, as the first one's looks."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from twisted.logger import globalLogBeginner

from protocols.daemon.loader import Loaded
from protocols.daemon.log import daemon_log, threshold
from protocols.daemon.redaction import Masks


class WorkerLog:
    """Begins as soon as it is known how."""

    def __init__(self) -> None:
        self._masks = Masks()

    def begin(self, chosen: Mapping[str, str], reactor: Any) -> None:
        """:param chosen: ``style`` and ``level``, as the command line says them."""
        threshold.set(chosen["level"])
        globalLogBeginner.beginLoggingTo([daemon_log(chosen["style"], sys.stdout, self._masks, reactor)])

    def took(self, loaded: Loaded) -> None:
        """Mask the secrets of `loaded` too."""
        self._masks.take(loaded.origin.redact)
