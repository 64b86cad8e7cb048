"""What the page knows: one sample a second, shared by all who look."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakValueDictionary

from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from protocols.daemon.control.channel_messages import StoredMessage
from protocols.daemon.control.operations import Ask
from protocols.daemon.control.status import ConnectionStatus, PenaltyStatus, Status
from protocols.daemon.dashboard.history import EVERY, History
from protocols.daemon.dashboard.newest import newest
from protocols.daemon.dashboard.poll import Poll

CONNECTIONS_EVERY: Final = 2.0
"""Seconds between two lists of the connections of a service: there may be thousands of them."""

MESSAGES_EVERY: Final = 1.0
"""Seconds between two looks at the newest messages of a channel."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How the daemon is at one moment."""

    status: Status
    penalties: tuple[PenaltyStatus, ...]
    time: float
    """When that was, in seconds since the epoch."""


class Sampler:
    """Asks how the daemon is, while somebody looks, and remembers the last minutes.

    :param ask: whom to ask.
    :param now: the time by the clock on the wall, in seconds since the epoch.
    """

    def __init__(self, ask: Ask, clock: IReactorTime, now: Callable[[], float] = time.time) -> None:
        self.history = History()
        self.samples: Poll[Sample] = Poll(self._sample, clock, EVERY)
        self._ask = ask
        self._clock = clock
        self._now = now
        self._connections: WeakValueDictionary[str, Poll[list[ConnectionStatus]]] = WeakValueDictionary()
        self._messages: WeakValueDictionary[str, Poll[list[StoredMessage]]] = WeakValueDictionary()

    def connections(self, service: str) -> Poll[list[ConnectionStatus]]:
        """The open connections of `service`; whoever follows keeps the poll."""
        poll = self._connections.get(service)
        if poll is None:
            poll = Poll(lambda: self._ask().connections(service), self._clock, CONNECTIONS_EVERY)
            self._connections[service] = poll
        return poll

    def messages(self, channel: str) -> Poll[list[StoredMessage]]:
        """The newest messages of `channel`; whoever follows keeps the poll."""
        poll = self._messages.get(channel)
        if poll is None:
            poll = Poll(lambda: newest(self._ask().channels, channel), self._clock, MESSAGES_EVERY)
            self._messages[channel] = poll
        return poll

    def _sample(self) -> Deferred[Sample]:
        operations = self._ask()
        both: Deferred[list[Any]] = gatherResults(
            [operations.status(), operations.penalties()], consumeErrors=True
        )
        return both.addCallbacks(self._sampled, _reason)

    def _sampled(self, both: list[Any]) -> Sample:
        status, penalties = both
        self.history.record(status, self._clock.seconds())
        return Sample(status, tuple(penalties), self._now())


def _reason(failure: Failure) -> Failure:
    """Why one of several has failed."""
    return failure.value.subFailure if isinstance(failure.value, FirstError) else failure


_SAMPLERS: WeakValueDictionary[Ask, Sampler] = WeakValueDictionary()


def sampler_of(ask: Ask, clock: IReactorTime) -> Sampler:
    """The sampler of those whom `ask` leads to: every page of a process looks at the same."""
    sampler = _SAMPLERS.get(ask)
    if sampler is None:
        sampler = _SAMPLERS[ask] = Sampler(ask, clock)
    return sampler
