"""What the last minutes of a channel were like."""

from __future__ import annotations

from typing import Final, Literal

from protocols.daemon.control.channel_status import ChannelStatus
from protocols.daemon.dashboard.rates import Rates

Flow = Literal["published", "delivered", "dropped"]

FLOWS: Final[tuple[Flow, ...]] = ("published", "delivered", "dropped")
"""Counts of a channel whose rates are drawn."""


class ChannelHistory:
    """What one channel was like."""

    def __init__(self) -> None:
        self.rates: Rates[Flow] = Rates(FLOWS)
        self._before: dict[Flow, int] | None = None

    def record(self, channel: ChannelStatus, elapsed: float, steps: int) -> None:
        """`channel` is so now, `elapsed` seconds and `steps` samples after it was recorded before."""
        now: dict[Flow, int] = {flow: channel.counts.get(flow, 0) for flow in FLOWS}
        before, self._before = self._before, now
        if before is not None and steps:
            # Less than before: a worker has died, and its counts with it.
            self.rates.extend({flow: max(0, now[flow] - before[flow]) / elapsed for flow in FLOWS}, steps)
