"""From events to lines in a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

from twisted.logger import FileLogObserver, FilteringLogObserver, ILogObserver, LogEvent

from protocols.daemon.log.flood import Flood
from protocols.daemon.log.forms import FORMATS
from protocols.daemon.log.level import Threshold, threshold
from protocols.daemon.log.noise import NotNoise


def observer(
    style: str, threshold: Threshold, file: IO[str], redact: Callable[[str], str] | None = None
) -> ILogObserver:
    """An observer that writes events that pass `threshold` to `file`, in one of :data:`FORMATS`.

    :param redact: makes of each line what may be seen.
    """
    return passing(lines(style, file, redact), threshold)


def daemon_log(style: str, file: IO[str], redact: Callable[[str], str], reactor: Any) -> ILogObserver:
    """The same, for a whole process and :data:`~protocols.daemon.log.level.threshold`: of a flood only some
    is written, and how much was left out, at the end of the process too."""
    flood = Flood(
        lines(style, file, redact),
        later=lambda seconds, call: reactor.callFromThread(reactor.callLater, seconds, call),
    )
    reactor.addSystemEventTrigger("after", "shutdown", flood.close)
    return passing(flood, threshold)


def lines(style: str, file: IO[str], redact: Callable[[str], str] | None = None) -> ILogObserver:
    """The same, without a threshold."""
    form = FORMATS[style]

    def redacted(event: LogEvent) -> str | None:
        line = form(event)
        return line if line is None or redact is None else redact(line)

    return FileLogObserver(file, redacted)


def passing(observer: ILogObserver, threshold: Threshold) -> ILogObserver:
    """`observer`, told only of what passes `threshold` and is of use."""
    return FilteringLogObserver(observer, [threshold, NotNoise()])
