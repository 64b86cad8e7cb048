"""What passes through services, in the few figures that are looked at first."""

from __future__ import annotations

from dataclasses import dataclass, fields

from protocols.daemon.control.status import ServiceStatus
from protocols.daemon.dashboard.counters import totals


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
    total = totals(service)
    return Traffic(
        service.counts.get("connections", 0),
        total["traffic"],
        service.counts.get("bytes_in", 0),
        service.counts.get("bytes_out", 0),
        total["errors"] + total["refusals"],
    )
