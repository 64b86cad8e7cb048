"""What an event looks like: text for people, one JSON object for programs, or lines for the journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from constantly import NamedConstant
from twisted.logger import LogEvent, formatEvent
from twisted.python.failure import Failure

from protocols.daemon.log_names import FORMS, LEVELS
from protocols.daemon.printable import printable

PRIORITIES: Final = dict(zip(LEVELS, (7, 6, 4, 3, 2), strict=True))
"""The levels, from the least, with what syslog(3) and the journal call them."""


def _unknown_time(event: LogEvent) -> datetime:
    return datetime.fromtimestamp(event.get("log_time", 0), UTC)


def _level(event: LogEvent) -> str:
    level = event.get("log_level")
    return level.name if isinstance(level, NamedConstant) else "info"


def _message(event: LogEvent) -> str:
    """The words of `event`; empty if it has none, and is of no failure."""
    message = formatEvent(event)
    failure = event.get("log_failure")
    if not message and isinstance(failure, Failure):
        # A Deferred whose error nobody took says so in one event, and what it was in another without words.
        message = f"{type(failure.value).__name__}: {failure.getErrorMessage()}"
    return message


def _traceback(event: LogEvent) -> str | None:
    failure = event.get("log_failure")
    return failure.getTraceback() if isinstance(failure, Failure) else None


def as_text(event: LogEvent) -> str | None:
    """``2026-01-31T12:00:00+0000 info  shout: listening on …``, tracebacks indented below.

    Line breaks within a message are indented too, so that no message can look like another line.
    """
    message = _indented(event)
    if not message:
        return None
    time = _unknown_time(event).astimezone().strftime("%Y-%m-%dT%H:%M:%S%z")
    return f"{time} {_level(event):5} {message}\n"


def as_journal(event: LogEvent) -> str | None:
    """``<6>shout: listening on …``: what the journal takes for a line of a priority (sd-daemon(3)).

    Each further line is an entry of its own there, and has the priority too.  The journal knows the time.
    """
    message = _indented(event)
    if not message:
        return None
    prefix = f"<{PRIORITIES.get(_level(event), 6)}>"
    return "".join(f"{prefix}{line}\n" for line in message.split("\n"))


def _indented(event: LogEvent) -> str:
    """The message and its traceback, each line but the first indented, and nothing in it that is not text."""
    message = _message(event)
    if not message:
        return ""
    traceback = _traceback(event)
    if traceback:
        message = f"{message}\n{traceback.rstrip()}"
    return printable(message, "\n").replace("\n", "\n    ")


def as_json(event: LogEvent) -> str | None:
    """One object: ``time`` (RFC 3339), ``level``, ``logger``, ``message``, and what the event says of
    ``service``, ``route``, ``request``, ``peer``, ``address``, ``left_out`` and ``traceback``."""
    message = _message(event)
    if not message:
        return None
    line: dict[str, Any] = {
        "time": _unknown_time(event).isoformat(timespec="milliseconds"),
        "level": _level(event),
        "logger": event.get("log_namespace", "twisted"),
        "message": message,
    }
    for key in ("service", "route", "request", "peer", "address"):
        if event.get(key):
            line[key] = str(event[key])
    if "left_out" in event:
        line["left_out"] = event["left_out"]
    traceback = _traceback(event)
    if traceback:
        line["traceback"] = traceback
    # A lone surrogate, as in a file name that is not UTF-8, can be escaped but not encoded.
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace").decode() + "\n"


FORMATS: Final[Mapping[str, Callable[[LogEvent], str | None]]] = dict(
    zip(FORMS, (as_text, as_json, as_journal), strict=True)
)
