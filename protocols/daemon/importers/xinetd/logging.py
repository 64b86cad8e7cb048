"""What a service of xinetd logs, and where."""

from __future__ import annotations

from typing import Final

from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.xinetd.settings import Settings

_OF_THE_LINE: Final = ("HOST", "DURATION", "TRAFFIC", "PID", "EXIT")
"""What the access log tells, or the log of the daemon (of programs)."""

_OF_FAILURES: Final = ("HOST", "ATTEMPT")
"""What the log of the daemon tells of who is refused, from level debug on, and the metrics count."""

_IDENT = "nobody is asked who their users are (RFC 1413); remove it"


def log(service: ImportedService, settings: Settings) -> None:
    """Put the access log into `service`."""
    success = settings.get("log_on_success")
    failure = settings.get("log_on_failure")
    kind = settings.get("log_type")
    waits = service.answer.get("program", {}).get("mode") == "wait"
    for setting, known in ((success, _OF_THE_LINE), (failure, _OF_FAILURES)):
        for value in [] if setting is None else setting.values:
            assert setting is not None
            if value == "USERID":
                service.miss(setting.place_of(value), f"{setting.name} USERID", _IDENT)
            elif value not in (*known, *_OF_THE_LINE, *_OF_FAILURES):
                raise settings.fault(setting.name, f"{value[:40]!r} is not known; known: {', '.join(known)}")
    file = _file(service, settings)
    wanted = success is not None and bool(success.values)
    if waits:
        for setting in (kind, success):
            if setting is not None and setting.values:
                text = "a program with wait accepts by itself, and Polyport does not see its connections"
                service.miss(setting.place, f"{setting.name} = {setting.text}", text)
    elif wanted:
        service.around["log"] = {"access": "text", "file": file} if file else "text"


def _file(service: ImportedService, settings: Settings) -> str:
    """The file of ``log_type``; empty for the log of the daemon."""
    kind = settings.get("log_type")
    if kind is None:
        return ""
    if not kind.values or kind.values[0] not in ("FILE", "SYSLOG") or len(kind.values) == 1:
        raise settings.fault("log_type", "FILE and a path, or SYSLOG and a facility, are expected")
    if kind.values[0] == "FILE":
        if len(kind.values) > 2:
            text = "the file is not limited; let logrotate turn it over (SIGUSR1 begins a new one)"
            service.miss(kind.place, f"log_type = {kind.text}", text)
        return kind.values[1]
    if kind.values[1:] not in (["daemon"], ["daemon", "info"]):
        text = "the log of the daemon goes where --log says, the journal or a file; facilities are not chosen"
        service.miss(kind.place, f"log_type = {kind.text}", text)
    return ""
