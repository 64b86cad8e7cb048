"""How many datagrams of a source are read, and how much may be sent back to it."""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime

from protocols.guard.limits.acquaintances import Acquaintances
from protocols.guard.limits.penalties import Penalties
from protocols.guard.limits.source_limits import SourceLimits
from protocols.guard.limits.sources import Sources
from protocols.guard.limits.tally import ALONE, Tally, second_of
from protocols.journal import Journal

HEADERS: Final = 28
"""Bytes of an IPv4 header and a UDP header, which every datagram costs whoever gets it."""

CREDIT: Final = 256 * 1024
"""Bytes that may be sent back at most, however much has come: some of the longest replies."""

SOURCES: Final = 50_000
"""Sources whose credit is remembered: some 8 MB at the most; who was quiet longest loses it."""


class DatagramLimits:
    """Decides about the datagrams of one service.

    What is too much is dropped, since nobody can be told to wait, and not held against its source: anybody
    can write anybody's address on a datagram, and so could have others shut out.  For the same reason no more
    than ``amplification`` times what came goes back to an address, until it is known to be the sender's.

    :param penalties: sources that are shut out for what they did with connections.
    :param tally: keeps count of what others have to know, too; credit and what is pending is each process's,
        whom the kernel gives all that comes from one port of a source.
    """

    def __init__(
        self,
        limits: SourceLimits,
        sources: Sources,
        penalties: Penalties,
        acquaintances: Acquaintances,
        *,
        journal: Journal,
        clock: IReactorTime,
        tally: Tally = ALONE,
    ) -> None:
        self._limits = limits
        self._source_of = sources.of_host
        self._exempts_unix = sources.exempt.unix
        self._penalties = penalties
        self._acquaintances = acquaintances
        self._journal = journal
        self._seconds = clock.seconds
        self._datagrams = tally.buckets("datagrams", limits.message_rate, second_of(limits.message_rate))
        self._bytes = tally.buckets("datagram bytes", limits.byte_rate, second_of(limits.byte_rate))
        self._credit: dict[str, float] = {}
        """Bytes that may go back to each, in the order in which they last sent something."""
        self._pending: dict[str, int] = {}

    def source(self, address: object) -> str | None:
        """Whose datagram it is that came from `address`; ``None``: somebody's without limits."""
        if type(address) is tuple:
            return self._source_of(address[0])
        return None if self._exempts_unix else "unix"

    def admits(self, source: str, size: int) -> bool:
        """Whether a datagram of `size` bytes is to be read; it is counted."""
        now = self._seconds()
        limit = self._limit(source, size, now)
        if limit is not None:
            self._journal.over(limit, source)
            return False
        if self._limits.amplification:
            before = self._credit.pop(source, 0.0)
            self._credit[source] = min(CREDIT, before + self._limits.amplification * (size + HEADERS))
            if len(self._credit) > SOURCES:
                del self._credit[next(iter(self._credit))]
        return True

    def may_reply(self, source: str, size: int) -> bool:
        """Whether `size` bytes may go back; they are counted."""
        if not self._limits.amplification or self._acquaintances.knows(source, self._seconds()):
            return True
        left = self._credit.get(source, 0.0) - (size + HEADERS)
        if left < 0:
            self._journal.over("amplification", source)
            return False
        self._credit[source] = left
        return True

    def begun(self, source: str) -> None:
        """A datagram waits for its answer."""
        self._pending[source] = self._pending.get(source, 0) + 1

    def ended(self, source: str) -> None:
        """It does not any more."""
        left = self._pending[source] - 1
        if left:
            self._pending[source] = left
        else:
            del self._pending[source]

    def _limit(self, source: str, size: int, now: float) -> str | None:
        """Which limit stands against a datagram."""
        if self._penalties.until(source, now) is not None:
            return "penalty"
        if self._pending.get(source, 0) >= self._limits.pending:
            return "pending"
        if self._datagrams.take(source, now):
            return "message_rate"
        if self._bytes.charge(source, 0, now):
            return "byte_rate"
        self._bytes.charge(source, size, now)
        return None
