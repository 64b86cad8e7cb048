"""Where the connections of one service wait for their turn, each behind those of its own source only."""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from protocols.guard.limits.acquaintances import Acquaintances
from protocols.guard.limits.ledger import ADMITTED, Ledger, Verdict
from protocols.guard.limits.penalties import Penalties
from protocols.guard.limits.source_limits import PARKED
from protocols.journal import Journal

OFFENCE: Final = 1.0
"""Points for a connection that was refused, or closed, because its source has had enough."""


class Guest(Protocol):
    """A connection that has come."""

    def go_in(self) -> None:
        """It is served from now on: it is counted, until :meth:`Lobby.left` is called."""

    def turn_away(self) -> None:
        """It is not."""


class Lobby:
    """Lets in as many connections as `ledger` admits, has others wait, and turns the rest away.

    Those that wait take descriptors too: with those that are served they are no more than the service may
    have.

    :param penalties: get what sources do that will not stop.
    :param acquaintances: hear of those that were let in.
    """

    def __init__(
        self,
        ledger: Ledger,
        penalties: Penalties,
        acquaintances: Acquaintances,
        *,
        journal: Journal,
        clock: IReactorTime,
    ) -> None:
        self.ledger = ledger
        self.waiting = 0
        """Connections that wait."""
        self._penalties = penalties
        self._acquaintances = acquaintances
        self._journal = journal
        self._clock = clock
        self._queues: dict[str, deque[_Waiting]] = {}
        self._alarms: dict[str, IDelayedCall] = {}

    def is_shut_out(self, source: str) -> bool:
        """Whether `source` gets nothing, which takes less to find out than to say to a guest."""
        if self._penalties.until(source, self._clock.seconds()) is None:
            return False
        self._journal.still_out()
        return True

    def enter(self, guest: Guest, source: str) -> None:
        """Tell `guest` to go in or away, now or later."""
        verdict = self._ask(source)
        if verdict is ADMITTED:
            self._let_in(guest, source)
        elif verdict.wait != 0.0:
            self._park(guest, source, verdict)
        else:
            self._refuse(guest, source, verdict.cause or "")

    def gone(self, guest: Guest, source: str) -> None:
        """`guest` has left before it was told anything."""
        for waiting in self._queues.get(source, ()):
            if waiting.guest is guest:
                self._unpark(waiting)
                return

    def left(self, source: str) -> None:
        """A connection that was let in is gone."""
        self.ledger.leave(source)
        self._next(source)
        if self._queues:
            # There is room for others, too: they are asked in turn, so however many wait it costs the same.
            other = next(iter(self._queues))
            self._queues[other] = self._queues.pop(other)
            self._next(other)

    def close(self) -> None:
        """Turn those away that wait."""
        for queue in list(self._queues.values()):
            for waiting in list(queue):
                self._unpark(waiting)
                waiting.guest.turn_away()

    def punish(self, source: str, limit: str, points: float) -> None:
        """Hold it against `source` that it is over `limit`."""
        now = self._clock.seconds()
        self._journal.over(limit, source)
        until = self._penalties.add(source, points, now) if points else None
        if until is not None:
            self._journal.shut_out(source, limit, until - now)

    def _ask(self, source: str) -> Verdict:
        """Ask the ledger, behind those of the same source that wait already."""
        queue = self._queues.get(source)
        verdict = queue[0].verdict if queue else self.ledger.admit(source, self._clock.seconds())
        if verdict is ADMITTED or verdict.wait == 0.0:
            return verdict
        limits = self.ledger.limits
        is_full = queue is not None and len(queue) >= limits.per_source
        return Verdict(verdict.cause) if is_full or self.waiting >= self.ledger.room else verdict

    def _let_in(self, guest: Guest, source: str) -> None:
        if self._queues and self.waiting > self.ledger.room:
            # Of the source that has most, the one that has waited least.
            self._give_up(max(self._queues.values(), key=len)[-1])
        self._acquaintances.met(source, self._clock.seconds())
        guest.go_in()

    def _refuse(self, guest: Guest, source: str, cause: str) -> None:
        if cause == "penalty":
            self._journal.still_out()
        else:
            self.punish(source, cause, OFFENCE if self._wants_too_much(source, cause) else 0.0)
        guest.turn_away()

    def _wants_too_much(self, source: str, cause: str) -> bool:
        """Whether `source` is over its limit, and not only others have left too little for it: they could
        have it shut out."""
        wanted = self.ledger.connections_of(source) + len(self._queues.get(source, ()))
        return cause != "per_source" or wanted >= self.ledger.limits.per_source

    def _park(self, guest: Guest, source: str, verdict: Verdict) -> None:
        self._journal.over(verdict.cause or "", source)
        self.waiting += 1
        waiting = _Waiting(guest, source, verdict)
        self._queues.setdefault(source, deque()).append(waiting)
        waiting.patience = self._clock.callLater(PARKED, self._give_up, waiting)
        self._wake_in(source, verdict.wait)

    def _unpark(self, waiting: _Waiting) -> None:
        source = waiting.source
        if waiting.patience is not None and waiting.patience.active():
            waiting.patience.cancel()
        self._queues[source].remove(waiting)
        self.waiting -= 1
        if not self._queues[source]:
            del self._queues[source]
            alarm = self._alarms.pop(source, None)
            if alarm is not None:
                alarm.cancel()

    def _give_up(self, waiting: _Waiting) -> None:
        self._unpark(waiting)
        self._refuse(waiting.guest, waiting.source, waiting.verdict.cause or "")

    def _wake_in(self, source: str, seconds: float | None) -> None:
        if seconds and source not in self._alarms:
            self._alarms[source] = self._clock.callLater(seconds, self._wake, source)

    def _wake(self, source: str) -> None:
        del self._alarms[source]
        self._next(source)

    def _next(self, source: str) -> None:
        """Let those of `source` in whose turn has come."""
        while queue := self._queues.get(source):
            verdict = self.ledger.admit(source, self._clock.seconds())
            if verdict is not ADMITTED:
                self._wake_in(source, verdict.wait)
                return
            first = queue[0]
            self._unpark(first)
            self._let_in(first.guest, source)


class _Waiting:
    """A guest that waits."""

    __slots__ = ("guest", "patience", "source", "verdict")

    def __init__(self, guest: Guest, source: str, verdict: Verdict) -> None:
        self.guest = guest
        self.source = source
        self.verdict = verdict
        self.patience: IDelayedCall | None = None
