"""What passes through services, in the few figures that are looked at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from protocols.daemon.control.status import ServiceStatus

ERRORS: Final = (
    *("framing_errors", "rejected", "failures"),
    *("oversize", "overload", "kernel_drops", "unsent"),
    *("refused", "choked", "denied", "failed_logins", "limited", "shut_out"),
    *("failed_handshakes", "late_handshakes", "dropped_handshakes"),
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Totals of a service, or how many there are in a second."""

    connections: float = 0
    messages: float = 0
    """Messages, datagrams and HTTP requests."""
    bytes_in: float = 0
    bytes_out: float = 0
    errors: float = 0
    """Of every kind: the peers', the handler's, and what limits and rules refused."""

    def per_second(self, before: Traffic, seconds: float) -> Traffic:
        """What has passed since, a second; nothing where that is less than nothing: a process is new."""
        names = [one.name for one in fields(Traffic)]
        return Traffic(
            **{name: max(0.0, getattr(self, name) - getattr(before, name)) / seconds for name in names}
        )


def traffic(service: ServiceStatus) -> Traffic:
    """The totals of `service`."""
    counts: Mapping[str, int] = service.counts
    return Traffic(
        counts.get("connections", 0),
        sum(counts.get(name, 0) for name in ("messages", "datagrams", "requests")),
        counts.get("bytes_in", 0),
        counts.get("bytes_out", 0),
        sum(counts.get(name, 0) for name in ERRORS) + sum(service.over.values()),
    )
