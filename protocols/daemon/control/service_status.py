"""From a service that runs to what is said of it."""

from __future__ import annotations

import time

from protocols.counts import Counts
from protocols.daemon.control.status import ConnectionStatus, Latency, ServiceStatus
from protocols.daemon.port_service import PortService
from protocols.journal import Journal
from protocols.latency import BOUNDS, Histogram
from protocols.open_connection import OpenConnection


def counts_of(counts: Counts) -> dict[str, int]:
    """For ``ServiceStatus.counts``; what belongs into ``over`` is not in it."""
    return counts.as_dict()


def latency_of(histogram: Histogram) -> Latency | None:
    """For ``ServiceStatus.latency``: as it is now; ``None`` before the first answer."""
    numbers = tuple(histogram.numbers)
    return Latency(bounds=BOUNDS, numbers=numbers, total=histogram.total) if any(numbers) else None


def service_status(service: PortService, answers: str = "", *, retiring: int = 0) -> ServiceStatus:
    """`service` as it is now, with all that its own parts know; certificates are not among that.

    :param answers: what answers, in words.
    :param retiring: connections that still run under what a reload has replaced; they are added to those of
        `service` itself.
    """
    carriers = service.carriers
    journal: Journal = carriers.journal
    return ServiceStatus(
        name=journal.service,
        answers=answers,
        addresses=tuple(str(bound.address) for bound in service.bound),
        open=_open(service) + retiring,
        retiring=retiring,
        pending=service.pending,
        counts=counts_of(journal.counts),
        over=dict(journal.counts.over),
        latency=latency_of(journal.latency),
    )


def connection_status(
    connection: OpenConnection, service: str, name: str, *, worker: int = 0, retiring: bool = False
) -> ConnectionStatus:
    """`connection` of `service` as it is now.

    :param name: what it is called in this process.
    """
    peer = connection.peer
    return ConnectionStatus(
        id=f"{worker}-{name}",
        service=service,
        worker=worker,
        peer=str(peer),
        transport=peer.transport,
        user=peer.user,
        opened=time.time() - connection.age,
        idle=connection.idle,
        retiring=retiring,
    )


def _open(service: PortService) -> int:
    stream = service.carriers.stream
    return 0 if stream is None else int(getattr(stream, "open_connections", 0))
