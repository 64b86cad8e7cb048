"""What the last minutes were like: rates, from counters that only ever grow."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from protocols.daemon.control.status import Latency, ServiceStatus, Status
from protocols.daemon.dashboard.channel_history import ChannelHistory
from protocols.daemon.dashboard.counters import KINDS, Kind, totals
from protocols.daemon.dashboard.rates import SAMPLES, Rates

EVERY: Final = 1.0
"""Seconds between two samples."""


class ServiceHistory:
    """What one service was like."""

    def __init__(self) -> None:
        self.rates: Rates[Kind] = Rates(KINDS)
        self._before: dict[Kind, int] | None = None
        self._latencies: deque[Latency] = deque(maxlen=60)

    def record(self, service: ServiceStatus, elapsed: float, steps: int) -> Mapping[Kind, float]:
        """`service` is so now, `elapsed` seconds and `steps` samples after it was recorded before.

        :returns: its rates since then; nothing the first time.
        """
        now = totals(service)
        before, self._before = self._before, now
        if service.latency is not None:
            self._latencies.append(service.latency)
        if before is None or not steps:
            return {}
        # Less than before: a worker has died, and its counts with it.
        rates = {kind: max(0, now[kind] - before[kind]) / elapsed for kind in KINDS}
        self.rates.extend(rates, steps)
        return rates

    def recent(self) -> Latency | None:
        """The latencies of the last minute, or so long as there has been somebody to ask; all there ever were
        if there was no answer in that time."""
        if not self._latencies:
            return None
        first, last = self._latencies[0], self._latencies[-1]
        return last if sum(first.numbers) >= sum(last.numbers) else last.since(first)


class History:
    """What all services and channels were like, and what each worker takes of its processor."""

    def __init__(self) -> None:
        self.together: Rates[Kind] = Rates(KINDS)
        """Of all services."""
        self._services: dict[str, ServiceHistory] = {}
        self._channels: dict[str, ChannelHistory] = {}
        self._cpu: dict[tuple[int, int], float] = {}
        self._shares: dict[int, float] = {}
        self._at: float | None = None

    def record(self, status: Status, at: float) -> None:
        """All is as `status` says, at the moment `at`, in seconds.  What it says nothing of is
        forgotten."""
        elapsed = 0.0 if self._at is None else at - self._at
        # While nobody looked nothing was asked: what is known of that time is how it was on average.
        steps = min(SAMPLES, max(1, round(elapsed / EVERY))) if elapsed > 0 else 0
        self._at = at
        self._services = {one.name: self.of(one.name) for one in status.services}
        rates = [self._services[one.name].record(one, elapsed, steps) for one in status.services]
        self.together.extend({kind: sum(of.get(kind, 0) for of in rates) for kind in KINDS}, steps)
        self._channels = {one.name: self.channel(one.name) for one in status.channels}
        for one in status.channels:
            self._channels[one.name].record(one, elapsed, steps)
        cpu = {(worker.index, worker.pid): worker.cpu for worker in status.workers}
        self._shares = {
            index: max(0.0, seconds - self._cpu[index, pid]) / elapsed
            for (index, pid), seconds in cpu.items()
            if steps and (index, pid) in self._cpu
        }
        self._cpu = cpu

    def of(self, service: str) -> ServiceHistory:
        return self._services.get(service) or ServiceHistory()

    def channel(self, name: str) -> ChannelHistory:
        return self._channels.get(name) or ChannelHistory()

    def share(self, worker: int) -> float | None:
        """What `worker` takes of one processor, 1 being all of it; ``None`` before that is known."""
        return self._shares.get(worker)


def quantile(latency: Latency, share: float) -> float | None:
    """Seconds within which `share` of the answers came: the upper bound of the bucket that this falls into,
    infinite beyond the last; ``None`` without answers."""
    number = sum(latency.numbers)
    if not number:
        return None
    seen = 0
    for bound, count in zip((*latency.bounds, float("inf")), latency.numbers, strict=True):
        seen += count
        if seen >= share * number:
            return bound
    return float("inf")
