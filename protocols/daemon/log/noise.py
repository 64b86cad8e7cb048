"""What Twisted says that helps nobody here."""

from __future__ import annotations

import re

from constantly import NamedConstant
from twisted.logger import ILogFilterPredicate, LogEvent, LogLevel, PredicateResult, formatEvent
from zope.interface import implementer

NOISE = re.compile(
    r"Unable to write to plugin cache"  # twistd may not write beside its plug-ins, which does no harm
    # Our own lines name the service too.
    r"|\S+( \(TLS\))? starting on \S+$|\((TCP|UNIX|UDP) Port .* Closed\)$"
)


@implementer(ILogFilterPredicate)
class NotNoise:
    """Lets pass what is none."""

    def __call__(self, event: LogEvent) -> NamedConstant:
        legacy = event.get("log_namespace") == "log_legacy"
        noise = legacy and event.get("log_level") is LogLevel.info and NOISE.match(formatEvent(event))
        return PredicateResult.no if noise else PredicateResult.maybe
