"""What is told of where the messages of channels are sent on to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from protocols.channels.forward import Forward
from protocols.daemon.control.channel_figures import ForwardsOf
from protocols.daemon.control.channel_status import ForwardStatus

COUNTED = ("delivered", "failed", "retried", "dead")
"""The totals of :class:`~protocols.channels.forward.counts.ForwardCounts`."""


class Running(Protocol):
    """Knows the forwards that run here."""

    @property
    def running(self) -> Mapping[tuple[str, str], Forward]:
        """By the name of the channel, and their own."""


class Passing(Protocol):
    """May pass messages on from here."""

    @property
    def forwards(self) -> Running | None: ...


def forwards_of(passing: Passing) -> ForwardsOf:
    """Where the messages of a channel are sent on to by what is `passing` them on at that moment."""

    def statuses(channel: str) -> tuple[ForwardStatus, ...]:
        if passing.forwards is None:
            return ()
        running = passing.forwards.running
        return tuple(_status(name, forward) for (of, name), forward in running.items() if of == channel)

    return statuses


def _status(name: str, forward: Forward) -> ForwardStatus:
    counts = forward.counts
    return ForwardStatus(
        name=name,
        to=str(forward.target),
        failing_since=counts.failing_since,
        error=counts.error,
        counts={field: getattr(counts, field) for field in COUNTED},
    )
