"""Who may go on, at one place on the way to a service."""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import datetime

from protocols.guard.access.access import Access, Decision
from protocols.guard.access.facts import facts_of
from protocols.journal import Journal
from protocols.session import Peer


def local_time() -> datetime:
    """The time by the clock on the wall, of which hours are written."""
    return datetime.now().astimezone()


class Admission:
    """Lets `access` decide about peers, of whom more may be known further in.

    :param final: whether no more will be known of a peer than is here; otherwise those of whom too little is
        known are passed on, for someone further in to decide.
    :param passes: hosts that are not asked, for they speak for others: proxies of HTTP.
    """

    def __init__(
        self,
        access: Access,
        *,
        journal: Journal,
        final: bool,
        passes: Container[str] = frozenset(),
        moment: Callable[[], datetime] = local_time,
    ) -> None:
        self.access = access
        self.final = final
        self.passes = passes
        self._journal = journal
        self._moment = moment

    def decide(self, peer: Peer, moment: datetime) -> Decision | None:
        """What becomes of `peer` here; ``None``: it is not asked."""
        facts = facts_of(peer, moment, final=self.final)
        return None if facts.host in self.passes else self.access.decide(facts)

    def refusal(self, peer: Peer) -> str | None:
        """Why `peer` may not go on, in words; ``None`` if it may."""
        decision = self.decide(peer, self._moment())
        if decision is None or not decision.is_refused:
            return None
        return "no rule allows it" if decision.index is None else f"rule {decision.index + 1} of access"

    def admits(self, peer: Peer) -> bool:
        """Whether `peer` may go on; said aloud if it may not."""
        why = self.refusal(peer)
        if why is not None:
            self._journal.denied(peer, why)
        return why is None
