"""What the counters of a service mean to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from protocols.daemon.control.status import ServiceStatus

Kind = Literal["traffic", "errors", "refusals"]

KINDS: Final[tuple[Kind, ...]] = ("traffic", "errors", "refusals")

TRAFFIC: Final[Mapping[str, str]] = {
    "connections": "connections",
    "messages": "messages",
    "requests": "HTTP requests",
    "datagrams": "datagrams",
    "bytes_in": "bytes received",
    "bytes_out": "bytes sent",
    **{f"responses_{hundred}xx": f"HTTP responses of {hundred}00 to {hundred}99" for hundred in range(1, 6)},
}
ERRORS: Final[Mapping[str, str]] = {
    "failures": "errors of the handler",
    "rejected": "messages that were not what the function takes",
    "framing_errors": "connections whose bytes made no sense",
    "failed_handshakes": "TLS handshakes that failed",
    "late_handshakes": "TLS handshakes that took too long",
    "oversize": "datagrams that were too long",
    "choked": "connections whose peers did not read",
    "unsent": "reply datagrams that could not be sent",
}
REFUSALS: Final[Mapping[str, str]] = {
    "refused": "connections over the limit of the service",
    "denied": "denied by the rules of access",
    "failed_logins": "failed logins",
    "limited": "HTTP requests that came too often",
    "overload": "datagrams dropped because too many were being answered",
    "kernel_drops": "datagrams dropped because they came too fast",
    "dropped_handshakes": "TLS handshakes dropped because too many were under way",
    "shut_out": "sources shut out",
}
WORDS: Final = {**TRAFFIC, **ERRORS, **REFUSALS}


def totals(service: ServiceStatus) -> dict[Kind, int]:
    """What has gone through `service`, gone wrong and been refused since its start."""
    counts = service.counts
    traffic = sum(counts.get(name, 0) for name in ("messages", "datagrams", "requests"))
    return {
        "traffic": traffic,
        "errors": sum(counts.get(name, 0) for name in ERRORS),
        "refusals": sum(counts.get(name, 0) for name in REFUSALS) + sum(service.over.values()),
    }


def told(service: ServiceStatus) -> Iterator[tuple[str, str, Kind, int]]:
    """Every counter of `service` that is not zero: its name, words for it, what it is, and how many."""
    kinds: dict[str, Kind] = {**dict.fromkeys(ERRORS, "errors"), **dict.fromkeys(REFUSALS, "refusals")}
    order = {name: index for index, name in enumerate(WORDS)}
    for name in sorted(service.counts, key=lambda name: order.get(name, -1)):
        number = service.counts[name]
        if number:
            # A newer part of the daemon may count what nobody here has heard of.
            yield name, WORDS.get(name, name.replace("_", " ")), kinds.get(name, "traffic"), number
    for limit, number in service.over.items():
        if number:
            yield f"over {limit}", f"times a source was over limits.{limit}", "refusals", number
