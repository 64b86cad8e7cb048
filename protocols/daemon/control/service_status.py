"""What is told of the services of one process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from protocols.daemon.control.status import CertificateStatus, Latency, ServiceStatus
from protocols.daemon.loader import Loaded
from protocols.daemon.overview import shown_address, shown_answers
from protocols.daemon.port_service import PortService
from protocols.datagram import DatagramServer
from protocols.journal import Journal
from protocols.latency import BOUNDS, Histogram


def service_statuses(
    loaded: Loaded, units: Mapping[str, PortService], retiring: Sequence[PortService]
) -> Iterator[ServiceStatus]:
    """Every service of `loaded`, in its order, and then those that it has no more."""
    enabled = [name for name, spec in loaded.config.services.items() if spec.enabled]
    for name in dict.fromkeys((*enabled, *units, *(unit.service for unit in retiring))):
        yield _status(loaded, name, units.get(name), [unit for unit in retiring if unit.service == name])


def _status(loaded: Loaded, name: str, unit: PortService | None, old: Sequence[PortService]) -> ServiceStatus:
    spec = loaded.config.services.get(name)
    retired = sum(map(_open, old))
    told: dict[str, Any] = {}
    if unit is not None:
        journal = unit.carriers.journal
        told = {
            "addresses": _addresses(loaded, name, unit),
            "pending": _pending(unit),
            **counted(journal),
            "certificates": tuple(_certificates(unit)),
        }
    elif old:
        told = counted(old[-1].carriers.journal)
    return ServiceStatus(
        name=name,
        answers="" if spec is None else shown_answers(name, spec, loaded.origin),
        state="serving" if unit is not None else "draining" if old else "drained",
        open=retired + (0 if unit is None else _open(unit)),
        retiring=retired,
        **{"addresses": (), **told},
    )


def counted(journal: Journal) -> dict[str, Any]:
    """What `journal` has counted and measured, as the fields of :class:`ServiceStatus` that tell of it."""
    counts = journal.counts
    return {"counts": counts.as_dict(), "over": dict(counts.over), "latency": latency_of(journal.latency)}


def latency_of(histogram: Histogram) -> Latency | None:
    """`histogram` as it is now; ``None`` before the first answer."""
    numbers = tuple(histogram.numbers)
    return Latency(bounds=BOUNDS, numbers=numbers, total=histogram.total) if any(numbers) else None


def _open(unit: PortService) -> int:
    stream: Any = unit.carriers.stream
    return 0 if stream is None else int(stream.open_connections)


def _pending(unit: PortService) -> int:
    answering = sum(len(one.open) for one in unit.drainables if isinstance(one, DatagramServer))
    fairness = unit.carriers.fairness
    return answering + (0 if fairness is None else fairness.waiting)


def _addresses(loaded: Loaded, name: str, unit: PortService) -> tuple[str, ...]:
    """Where it listens: with the ports that the kernel has chosen, unless a secret says where."""
    origin, listen = loaded.origin, loaded.config.services[name].listen
    if any(origin.hides(origin.known(("services", name, "listen", index))) for index in range(len(listen))):
        return tuple(shown_address(name, index, address, origin) for index, address in enumerate(listen))
    return tuple(str(bound.address) for bound in unit.bound)


def _certificates(unit: PortService) -> Iterator[CertificateStatus]:
    if unit.carriers.tls is not None:
        for label, expires in unit.carriers.tls.server.expiries().items():
            yield CertificateStatus(name=label, expires=expires.timestamp())
