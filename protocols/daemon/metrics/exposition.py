"""The text that Prometheus reads: its own format, or OpenMetrics, whichever it asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import copy
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

from protocols.daemon.metrics.families import families
from protocols.daemon.metrics.told import Told

PIECE: Final = 200
"""Samples that become text in one go, for which nobody else is served: about a millisecond."""

_HEADER = re.compile(rb"(?:#.*\n)*")


class Exposition:
    """What is `told` as text, for a client that says `accept` of itself."""

    def __init__(self, told: Told, accept: str = "") -> None:
        self._told = told
        encode, self.content_type = _encoder(accept)
        self._metric: Metric | None = None
        # Of our own: the library's holds what other parts of the process put into it.
        registry = CollectorRegistry()
        registry.register(self)
        self._encode = lambda: encode(registry)

    def collect(self) -> Iterator[Metric]:
        """What the registry asks for."""
        if self._metric is not None:
            yield self._metric

    def pieces(self) -> Iterator[bytes]:
        """The text, piece by piece."""
        end = self._encode()
        for family in families(self._told):
            for first in range(0, len(family.samples), PIECE):
                self._metric = copy(family)
                self._metric.samples = family.samples[first : first + PIECE]
                text = self._encode().removesuffix(end)
                yield _HEADER.sub(b"", text, count=1) if first else text
        yield end

    def whole(self) -> bytes:
        """The text in one piece."""
        return b"".join(self.pieces())


def _encoder(accept: str) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    try:
        return choose_encoder(accept)
    except (TypeError, ValueError):
        # The library compares versions before it knows whether they are any: version=1.x.
        return choose_encoder("")
