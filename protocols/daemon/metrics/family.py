"""One metric family: what it is called, and how its samples come out of what is known.

Names follow https://prometheus.io/docs/practices/naming/: base units, ``_total`` behind whatever only grows,
and labels whose values the configuration bounds, never a peer's address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, TypeAlias

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from protocols.daemon.control.status import Latency
from protocols.daemon.metrics.told import Told

Sample: TypeAlias = tuple[tuple[str, ...], float]
"""The values of the labels, and the value of the metric."""

Duration: TypeAlias = tuple[tuple[str, ...], Latency]
"""The values of the labels, and a histogram."""


@dataclass(frozen=True, slots=True)
class Family:
    """A counter or a gauge; or facts, each a label of a 1."""

    name: str
    """As it is scraped."""
    kind: Literal["counter", "gauge", "info"]
    words: str
    labels: tuple[str, ...]
    samples: Callable[[Told], Iterable[Sample]]

    @property
    def scraped(self) -> tuple[str, ...]:
        """The names of its samples."""
        return (self.name,)

    def collect(self, told: Told) -> Metric:
        """The family with its samples."""
        if self.kind == "info":
            info = InfoMetricFamily(self.name.removesuffix("_info"), self.words)
            for values, _ in self.samples(told):
                info.add_metric((), dict(zip(self.labels, values, strict=True)))
            return info
        made = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        family = made(self.name, self.words, labels=self.labels)
        for values, value in self.samples(told):
            family.add_metric(values, value)
        return family


@dataclass(frozen=True, slots=True)
class HistogramFamily:
    """A histogram."""

    name: str
    words: str
    labels: tuple[str, ...]
    samples: Callable[[Told], Iterable[Duration]]

    kind: Literal["histogram"] = "histogram"

    @property
    def scraped(self) -> tuple[str, ...]:
        """The names of its samples."""
        return tuple(f"{self.name}_{part}" for part in ("bucket", "count", "sum"))

    def collect(self, told: Told) -> Metric:
        """The family with its samples."""
        family = HistogramMetricFamily(self.name, self.words, labels=self.labels)
        for values, latency in self.samples(told):
            bounds = (*map(str, latency.bounds), "+Inf")
            buckets = list(zip(bounds, accumulate(latency.numbers), strict=True))
            family.add_metric(values, buckets, latency.total)
        return family


AnyFamily: TypeAlias = Family | HistogramFamily
