"""What the log looks like: text for people, or one JSON object a line for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import IO, Any, Final

from constantly import NamedConstant
from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    ILogFilterPredicate,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    PredicateResult,
    formatEvent,
)
from twisted.python.failure import Failure
from zope.interface import implementer

LEVELS: Final = ("debug", "info", "warn", "error", "critical")

NOISE = re.compile(
    r"Unable to write to plugin cache"  # twistd may not write beside its plug-ins, which does no harm
    # Our own lines name the service too.
    r"|\S+( \(TLS\))? starting on \S+$|\((TCP|UNIX|UDP) Port .* Closed\)$"
)
"""What Twisted says that helps nobody here."""


def _unknown_time(event: LogEvent) -> datetime:
    return datetime.fromtimestamp(event.get("log_time", 0), UTC)


def _level(event: LogEvent) -> str:
    level = event.get("log_level")
    return level.name if isinstance(level, NamedConstant) else "info"


def _traceback(event: LogEvent) -> str | None:
    failure = event.get("log_failure")
    return failure.getTraceback() if isinstance(failure, Failure) else None


def as_text(event: LogEvent) -> str | None:
    """``2026-01-31T12:00:00+0000 info  shout: listening on …``, tracebacks indented below.

    Line breaks within a message are indented too, so that no message can look like another line.
    """
    message = formatEvent(event)
    if not message:
        return None
    traceback = _traceback(event)
    if traceback:
        message = f"{message}\n{traceback.rstrip()}"
    time = _unknown_time(event).astimezone().strftime("%Y-%m-%dT%H:%M:%S%z")
    message = "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in message)
    return f"{time} {_level(event):5} {message}\n".replace("\n", "\n    ").rstrip(" ")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def as_json(event: LogEvent) -> str | None:
    """One object: ``time`` (RFC 3339), ``level``, ``logger``, ``message``, and what the event carries of
    ``service``, ``peer``, ``address`` and ``traceback``."""
    message = formatEvent(event)
    if not message:
        return None
    line: dict[str, Any] = {
        "time": _unknown_time(event).isoformat(timespec="milliseconds"),
        "level": _level(event),
        "logger": event.get("log_namespace", "twisted"),
        "message": message,
    }
    for key in ("service", "peer", "address"):
        if key in event:
            line[key] = str(event[key])
    traceback = _traceback(event)
    if traceback:
        line["traceback"] = traceback
    # A lone surrogate, as in a file name that is not UTF-8, can be escaped but not encoded.
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace").decode() + "\n"


FORMATS: Final[Mapping[str, Callable[[LogEvent], str | None]]] = {"text": as_text, "json": as_json}


@implementer(ILogFilterPredicate)
class _NotNoise:
    def __call__(self, event: LogEvent) -> NamedConstant:
        legacy = event.get("log_namespace") == "log_legacy"
        noise = legacy and event.get("log_level") is LogLevel.info and NOISE.match(formatEvent(event))
        return PredicateResult.no if noise else PredicateResult.maybe


def observer(
    style: str, level: str, file: IO[str], redact: Callable[[str], str] | None = None
) -> ILogObserver:
    """An observer that writes events of `level` and above to `file`, in one of :data:`FORMATS`.

    :param redact: makes of each line what may be seen.
    """
    form = FORMATS[style]

    def redacted(event: LogEvent) -> str | None:
        line = form(event)
        return line if line is None or redact is None else redact(line)

    threshold = LogLevelFilterPredicate(defaultLogLevel=LogLevel.levelWithName(level))
    predicates = [_NotNoise(), threshold]
    return FilteringLogObserver(FileLogObserver(file, redacted), predicates)
