"""The page of one service: what it counts, and who is connected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocols.daemon.control.status import ConnectionStatus, ServiceStatus
from protocols.daemon.dashboard import wording
from protocols.daemon.dashboard.counters import KINDS, told
from protocols.daemon.dashboard.history import History, quantile
from protocols.daemon.dashboard.overview_view import STATES
from protocols.daemon.dashboard.sampler import Sample
from protocols.daemon.dashboard.view import Row, View

SHOWN: Final = 200
"""Connections that are listed: nobody reads more, and browsers would have to draw them every other second."""


def service_view(
    name: str, sample: Sample, history: History, connections: Sequence[ConnectionStatus] | None
) -> View | None:
    """How the service `name` is at the moment of `sample`; ``None`` if there is none of that name.

    :param connections: its open ones; ``None`` if that is not known.
    """
    service = next((one for one in sample.status.services if one.name == name), None)
    if service is None:
        return None
    own, recent = history.of(name).rates, history.of(name).recent()
    peaks = {f"{kind}_peak": wording.rate(max(own.of(kind), default=None)) for kind in KINDS}
    return View(
        texts={
            "name": name,
            "answers": service.answers,
            "state": service.state,
            "addresses": "\n".join(service.addresses),
            **{kind: wording.rate(own.now(kind)) for kind in KINDS},
            **peaks,
            "open": wording.number(service.open),
            "pending": wording.number(service.pending),
            "retiring": wording.number(service.retiring),
            "median": _within(None if recent is None else quantile(recent, 0.5)),
            "slowest": _within(None if recent is None else quantile(recent, 0.99)),
            "listed": _listed(service, connections),
        },
        tables={
            "counters": [
                Row(key, {"words": words, "number": f"{number:,}"}, kind if kind != "traffic" else "")
                for key, words, kind, number in told(service)
            ],
            "connections": [_connection(one, sample.time) for one in _shown(connections or ())],
        },
        kinds={"state": STATES[service.state]},
        rates={kind: own.of(kind) for kind in KINDS},
    )


def _within(seconds: float | None) -> str:
    if seconds is None:
        return wording.UNKNOWN
    return "longer" if seconds == float("inf") else f"≤{wording.THIN}{wording.latency(seconds)}"


def _shown(connections: Sequence[ConnectionStatus]) -> list[ConnectionStatus]:
    """Those that have been open longest."""
    return sorted(connections, key=lambda one: (one.opened, one.id))[:SHOWN]


def _listed(service: ServiceStatus, connections: Sequence[ConnectionStatus] | None) -> str:
    if connections is None:
        return "It is not known which there are."
    if len(connections) > SHOWN:
        return f"The {SHOWN} that have been open longest, of {len(connections):,}."
    return ""


def _connection(one: ConnectionStatus, now: float) -> Row:
    return Row(
        one.id,
        {
            "peer": one.peer,
            "transport": one.transport,
            "user": one.user or "",
            "open": wording.span(now - one.opened),
            "idle": wording.span(one.idle),
            "worker": str(one.worker),
            "rules": "old rules" if one.retiring else "",
        },
        "warn" if one.retiring else "",
    )
