"""Passes connections on whose bytes nobody has to look at."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from protocols.handlers.forward.balance import Balance
from protocols.handlers.forward.relay.pipe import PipePool
from protocols.handlers.forward.relay.relay import Relay
from protocols.handover import HandedOver
from protocols.stream_limits import FIRST_BYTE, IDLE
from protocols.stream_timers import Timers

Header = Callable[[HandedOver], bytes]
"""What a target is told first of whose connection it is."""


class DirectForward:
    """Opens a connection to a target for each that it is given, and has the kernel move what they say (see
    :class:`~protocols.handover.Taker`).

    :param reactor: connects, watches, and keeps the time.
    :param header: goes to the target before all else.
    :param timeout: seconds until there has to be a connection to a target.
    :param retry: how many others are tried if there is none.
    :param idle: seconds without a byte either way after which both are closed; 0: never.
    :param first_byte: the same as long as nothing was said, by nobody.
    """

    def __init__(
        self,
        balance: Balance,
        *,
        reactor: Any,
        header: Header,
        timeout: float,
        retry: int = 0,
        idle: float = IDLE,
        first_byte: float = FIRST_BYTE,
    ) -> None:
        self.balance = balance
        self.reactor = reactor
        self.header = header
        self.timeout = timeout
        self.retry = retry
        self.pipes = PipePool()
        self.timers = Timers(reactor)
        self._idle = idle
        self._first_byte = first_byte

    def take(self, handed: HandedOver) -> Relay:
        return Relay(self, handed)

    def patience(self, *, silent: bool) -> float:
        """Seconds that a connection may say and hear nothing.

        :param silent: whether nothing was ever said on it.
        """
        idle = self._idle or inf
        return min(idle, self._first_byte or inf) if silent else idle

    def stop(self) -> None:
        """Keep no pipes."""
        self.pipes.close()
