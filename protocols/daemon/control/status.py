"""What a daemon says of itself, as values that travel as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from protocols.daemon.control.channel_status import ChannelStatus
from protocols.daemon.control.status_value import Value


class Latency(Value):
    """How long answers took: a histogram."""

    bounds: tuple[float, ...]
    """Upper bounds of the buckets, in seconds, ascending; one more bucket is without bound."""
    numbers: tuple[int, ...]
    """Answers in each bucket, one more than there are bounds."""
    total: float
    """Seconds together."""

    def since(self, before: Latency) -> Latency:
        """The answers since it was `before`; all of them if that had other buckets.

        Of less than before, as where a worker has died with its counts, there were none.
        """
        if before.bounds != self.bounds:
            return self
        numbers = tuple(max(0, b - a) for a, b in zip(before.numbers, self.numbers, strict=True))
        return Latency(bounds=self.bounds, numbers=numbers, total=max(0.0, self.total - before.total))


class CertificateStatus(Value):
    """A certificate that a service shows."""

    name: str
    """What the YAML calls it, or its file."""
    expires: float
    """Seconds since the epoch."""


class ServiceStatus(Value):
    """One service, in one process or in all of them."""

    name: str
    answers: str
    """What answers, such as ``function shop:price``; no secret."""
    addresses: tuple[str, ...]
    """Where it listens, with the ports that the kernel chose."""
    state: Literal["serving", "draining", "drained"] = "serving"
    open: int = 0
    """Connections now."""
    retiring: int = 0
    """Of those, the ones that still run under rules, or code, that a reload has replaced."""
    pending: int = 0
    """Datagrams being answered, and connections that wait because their source is over a limit."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Totals since the start, by the names of :class:`protocols.counts.Counts`."""
    over: dict[str, int] = Field(default_factory=dict)
    """How often a source was over a limit of its own, by the name of that."""
    latency: Latency | None = None
    certificates: tuple[CertificateStatus, ...] = ()


class WorkerStatus(Value):
    """One process that serves."""

    index: int
    pid: int
    started: float
    """Seconds since the epoch."""
    state: Literal["serving", "starting", "silent", "down", "stopping"] = "serving"
    """``silent``: it does not answer; ``down``: it has died, and another one will start in a while."""
    restarts: int = 0
    """How many processes of this index have died before it."""
    cpu: float = 0.0
    """Seconds of processor time so far."""
    memory: int = 0
    """Bytes that are resident."""
    descriptors: int = 0
    """Open file descriptors."""
    lag: float = 0.0
    """Seconds that the event loop last kept somebody waiting."""
    stalls: int = 0
    """How often that was too long (see docs/operations.md)."""


class Outcome(Value):
    """What became of something that was asked for."""

    done: bool
    text: str
    """In a sentence, such as ``3 kept, 1 changed, 1 added, 0 dropped``."""
    problems: tuple[str, ...] = ()
    """A line each, where it was not done."""


class ReloadStatus(Value):
    """Reloads so far."""

    done: int = 0
    refused: int = 0
    last: Outcome | None = None
    at: float | None = None
    """When that was, in seconds since the epoch."""


class Status(Value):
    """The daemon as a whole."""

    version: str
    pid: int
    """Of the first process."""
    started: float
    """Seconds since the epoch."""
    config: str
    """The YAML file."""
    workers: tuple[WorkerStatus, ...]
    services: tuple[ServiceStatus, ...]
    """In the order of the YAML."""
    reloads: ReloadStatus = ReloadStatus()
    channels: tuple[ChannelStatus, ...] = ()
    """In the order of the YAML."""


class ConnectionStatus(Value):
    """One open connection."""

    id: str
    """What to call it, for ``kill``: the worker's index, a dash, and a name in there."""
    service: str
    worker: int
    peer: str
    transport: str
    user: str | None = None
    opened: float
    """Seconds since the epoch."""
    idle: float = 0.0
    """Seconds since something moved, as far as that is known."""
    retiring: bool = False
    """Whether it runs under what a reload has replaced."""


class PenaltyStatus(Value):
    """A source that is shut out."""

    source: str
    score: float
    until: float
    """Seconds since the epoch."""


class Frame(Value):
    """One message that passed, for ``tap``."""

    service: str
    worker: int = 0
    at: float
    """Seconds since the epoch."""
    peer: str
    direction: Literal["in", "out"]
    size: int
    """Bytes of the whole."""
    text: str
    """The beginning, decoded where it is text and escaped where it is not."""
    took: float | None = None
    """Seconds that the handler took, in the case of an answer."""
    missed: int = 0
    """Messages that passed unseen since the last, because there were too many."""


def merged_services(of_workers: Iterable[Iterable[ServiceStatus]]) -> tuple[ServiceStatus, ...]:
    """The services of several processes, as if they were one."""
    together: dict[str, ServiceStatus] = {}
    for services in of_workers:
        for one in services:
            known = together.get(one.name)
            together[one.name] = one if known is None else _merged(known, one)
    return tuple(together.values())


def _merged(one: ServiceStatus, other: ServiceStatus) -> ServiceStatus:
    states = {one.state, other.state}
    return one.model_copy(
        update={
            "addresses": tuple(dict.fromkeys((*one.addresses, *other.addresses))),
            "state": one.state if len(states) == 1 else "draining",
            "open": one.open + other.open,
            "retiring": one.retiring + other.retiring,
            "pending": one.pending + other.pending,
            "counts": _sums(one.counts, other.counts),
            "over": _sums(one.over, other.over),
            "latency": _latencies(one.latency, other.latency),
            "certificates": tuple(dict.fromkeys((*one.certificates, *other.certificates))),
        }
    )


def _sums(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in (*one, *(k for k in other if k not in one))}


def _latencies(one: Latency | None, other: Latency | None) -> Latency | None:
    if one is None or other is None:
        return one or other
    numbers = tuple(a + b for a, b in zip(one.numbers, other.numbers, strict=True))
    return one.model_copy(update={"numbers": numbers, "total": one.total + other.total})
