"""All metric families, and their samples at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client.metrics_core import Metric

from protocols.daemon.metrics.family import AnyFamily
from protocols.daemon.metrics.of_channels import OF_CHANNELS
from protocols.daemon.metrics.of_daemon import OF_DAEMON, OF_WORKERS
from protocols.daemon.metrics.of_services import OF_SERVICES
from protocols.daemon.metrics.told import Told

FAMILIES: Final[tuple[AnyFamily, ...]] = (*OF_DAEMON, *OF_WORKERS, *OF_SERVICES, *OF_CHANNELS)


def families(told: Told) -> Iterator[Metric]:
    """Each that there is something to say of."""
    for family in FAMILIES:
        made = family.collect(told)
        if made.samples:
            yield made
