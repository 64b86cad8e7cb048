"""Access rules in front of a service's connections."""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import datetime
from typing import Any, Literal, TypeAlias

from twisted.internet.interfaces import IAddress, IProtocolFactory, ITransport
from twisted.internet.protocol import Factory

from protocols.guard.access.access import Access, Decision
from protocols.guard.access.facts import facts_of
from protocols.journal import Journal
from protocols.peer_address import stream_peer
from protocols.session import Peer
from protocols.stand_in import StandIn

Refusal: TypeAlias = Literal["close", "reset"]
"""How a refused client is told: by the end of the stream, or by a reset (RFC 9293, section 3.10.7)."""


def local_time() -> datetime:
    """The time by the clock on the wall, of which hours are written."""
    return datetime.now().astimezone()


class AccessFactory(Factory):
    """Lets `access` decide, before a protocol is built and a byte is read, whom `factory` serves.

    :param final: whether no more will be known of a peer than is here; otherwise those of whom too little is
        known are passed on, for someone further in to decide.
    :param passes: addresses that are not asked, for they speak for others: proxies of HTTP.
    :param refusal: how those that may not come in are told.
    """

    noisy = False

    def __init__(
        self,
        factory: IProtocolFactory,
        access: Access,
        *,
        journal: Journal,
        final: bool,
        passes: Container[str] = frozenset(),
        refusal: Refusal = "close",
        moment: Callable[[], datetime] = local_time,
    ) -> None:
        self.inner = factory
        self.refusal = refusal
        self._access = access
        self._journal = journal
        self._final = final
        self._passes = passes
        self._moment = moment

    def doStart(self) -> None:
        self.inner.doStart()

    def doStop(self) -> None:
        self.inner.doStop()

    def buildProtocol(  # type: ignore[override]  # nobody accepts without an address
        self, addr: IAddress
    ) -> AccessGate:
        return AccessGate(self, addr)

    def admits(self, peer: Peer) -> bool:
        """Whether `peer` may go on; said aloud if it may not."""
        facts = facts_of(peer, self._moment(), final=self._final)
        if facts.host in self._passes:
            return True
        decision = self._access.decide(facts)
        if decision.is_refused:
            self._journal.denied(peer, _by(decision))
        return not decision.is_refused


class AccessGate(StandIn):
    """Stands for a connection until it is known whether that may be."""

    def __init__(self, factory: AccessFactory, address: IAddress) -> None:
        self._gate = factory
        self._address = address

    def makeConnection(self, transport: ITransport) -> None:
        super().makeConnection(transport)
        inner = self._gate.inner.buildProtocol(self._address) if self._may_pass(transport) else None
        if inner is None:
            self._refuse(transport)
            return
        self.stand_for(inner)
        inner.makeConnection(transport)

    def _may_pass(self, transport: ITransport) -> bool:
        return self._gate.admits(stream_peer(transport))

    def _refuse(self, transport: Any) -> None:
        if self._gate.refusal == "reset":
            transport.abortConnection()
        else:
            transport.loseConnection()


def _by(decision: Decision) -> str:
    return "no rule allows it" if decision.index is None else f"rule {decision.index + 1} of access"
