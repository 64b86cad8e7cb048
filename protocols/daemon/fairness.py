"""The limits of each source, from the YAML to what stands in front of a service."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IProtocolFactory

from protocols.daemon.spec.limits import LimitsSpec
from protocols.guard.limits import (
    AdmissionFactory,
    DatagramLimits,
    Ledger,
    Lobby,
    SourceLimits,
    Sources,
    Throttle,
)
from protocols.guard.limits.lobby import OFFENCE
from protocols.guard.limits.room import RoomFactory
from protocols.guard.limits.tally import ALONE, Tallies
from protocols.journal import Journal
from protocols.networks import Networks


class Reputation:
    """What the whole daemon knows of sources: who floods one service is no better a client of another.

    :param tallies: keeps count; several processes may do so together.
    """

    def __init__(self, tallies: Tallies = ALONE) -> None:
        self.tallies = tallies
        self.penalties = tallies.penalties()
        self.acquaintances = tallies.acquaintances()


class Fairness:
    """Limits of the sources of one service, the same at all its addresses."""

    def __init__(
        self, spec: LimitsSpec, exempt: Networks, reputation: Reputation, journal: Journal, reactor: Any
    ) -> None:
        self.limits = SourceLimits(
            connections=spec.connections,
            per_source=spec.per_source,
            connection_rate=spec.connection_rate,
            message_rate=spec.message_rate,
            byte_rate=spec.byte_rate,
            pending=spec.pending,
            amplification=spec.amplification,
            over=spec.over,
        )
        self._sources = Sources(exempt)
        self._reputation = reputation
        self.tally = reputation.tallies.of(journal.service)
        """Keeps count for the service."""
        self._journal = journal
        self._reactor = reactor
        self._lobby: Lobby | None = None
        self._throttle: Throttle | None = None

    @property
    def waiting(self) -> int:
        """Connections that wait because their source has enough of them."""
        return 0 if self._lobby is None else self._lobby.waiting

    def around(self, factory: IProtocolFactory, service: Any) -> IProtocolFactory:
        """`factory`, which serves one address of `service`, with these limits in front of it."""
        if self._lobby is None or self._throttle is None:
            penalties = self._reputation.penalties
            lobby = self._lobby = Lobby(
                Ledger(self.limits, penalties, lambda: service.open_connections, self.tally),
                penalties,
                self._reputation.acquaintances,
                journal=self._journal,
                clock=self._reactor,
            )
            points = 0.0 if self.limits.over == "wait" else OFFENCE
            self._throttle = Throttle(
                self.limits,
                self._reactor,
                lambda source, limit: lobby.punish(source, limit, points),
                self.tally,
            )
        if self.tally.elsewhere is not None:
            factory = RoomFactory(
                factory,
                self.tally.elsewhere,
                self.limits.connections,
                open_connections=lambda: service.open_connections,
                journal=self._journal,
            )
        return AdmissionFactory(factory, self._lobby, self._throttle, self._sources)

    def of_datagrams(self) -> DatagramLimits:
        """The same for datagrams."""
        return DatagramLimits(
            self.limits,
            self._sources,
            self._reputation.penalties,
            self._reputation.acquaintances,
            journal=self._journal,
            clock=self._reactor,
            tally=self.tally,
        )
