"""Everything that is written goes through here, and whatever comes while the disk is busy goes together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.errors import StalledError, UnavailableError
from protocols.channels.message import Entry, Receipt
from protocols.channels.pending import Pending, Publication
from protocols.channels.sqlite.bell import Bell
from protocols.channels.sqlite.forgetting import Measured
from protocols.channels.sqlite.jobs import Job, Jobs, Order
from protocols.channels.sqlite.outage import Outage
from protocols.channels.sqlite.worker import Worker
from protocols.channels.sqlite.writing import Turn, Writing
from protocols.channels.store import Came

log = Logger(namespace="polyport")

AT_A_TIME: Final = 512
"""Messages that are published together, about: with more, the first of them wait longer for the last."""


class Turns:
    """Has `writing` do, in the thread `worker`, what it is asked for: one turn after the other.

    :param stalled: seconds after which a turn that has not ended makes publishers go away, and those who wait
        for a job.
    :param now: the time, in seconds since the epoch.
    :param written: hears of each turn in which something was written, with about how many bytes that were.

    .. attribute:: last

       The newest seq that was told of.

    .. attribute:: measured

       How much there is, as far as is known.
    """

    def __init__(
        self,
        writing: Writing,
        worker: Worker,
        bell: Bell,
        outage: Outage,
        pending: Pending,
        *,
        reactor: Any,
        stalled: float,
        now: Callable[[], float],
        written: Callable[[int], object],
    ) -> None:
        self.last = 0
        self.measured = Measured(1, 0)
        self._writing = writing
        self._worker = worker
        self._bell = bell
        self._outage = outage
        self._pending = pending
        self._reactor = reactor
        self._stalled = stalled
        self._now = now
        self._written = written
        self._came: Came | None = None
        self._is_open = False
        self._jobs = Jobs(reactor, patience=stalled)
        # Published, but not what others have published before: up to which seq, and what to say then.
        self._unheard: list[tuple[int, Publication, Sequence[Receipt]]] = []
        self._is_asked = False  # whether others have published
        self._since: float | None = None  # when the turn began that is under way
        self._soon: IDelayedCall | None = None
        self._again: IDelayedCall | None = None
        self._ended: Deferred[None] | None = None  # fires when nothing is left to be done

    def begin(self, last: int, measured: Measured, came: Came) -> None:
        """From now on."""
        self.last = last
        self.measured = measured
        self._came = came
        self._is_open = True

    def publish(self, entries: Sequence[Entry]) -> Deferred[Sequence[Receipt]]:
        """Publish `entries`.  Raises :class:`UnavailableError`."""
        since = self._since
        if (
            self._outage.is_on
            or not self._is_open
            or (since and self._reactor.seconds() - since > self._stalled)
        ):
            refusal = self._refusal()
            if refusal is not None:
                raise refusal
        if not entries:
            return succeed([])
        told = self._pending.add(entries)
        self._turn_soon()
        return told

    def do(self, job: Job) -> Deferred[Any]:
        """What `job` returns, in a transaction."""
        refusal = self._refusal()
        if refusal is not None:
            return fail(refusal)
        told = self._jobs.add(job)
        self._turn_soon()
        return told

    def look(self) -> None:
        """Others may have published."""
        self._is_asked = True
        if self._is_open:
            self._turn_soon()

    def end(self) -> Deferred[None]:
        """Take nothing more; it fires when all that was taken is done, however long the disk needs."""
        self._is_open = False
        if self._again is not None:
            self._again.cancel()
            self._again = None
        self._ended = Deferred()
        if self._since is None:
            self._go_on(None)
        return self._ended

    def give_up(self, error: StalledError) -> None:
        """Begin with nothing more, after :meth:`end`; `error` is said to those who wait for what is under
        way."""
        self._unheard = []
        self._pending.close()
        self._jobs.close()
        self._pending.abandon(error)
        self._jobs.abandon(error)

    def _refusal(self) -> UnavailableError | None:
        if not self._is_open:
            return UnavailableError("the channel is closed")
        now = self._reactor.seconds()
        if self._since is not None and now - self._since > self._stalled:
            error = UnavailableError("the store does not answer")
            if not self._outage.is_on:
                self._outage.failed(error, now)
            return error
        return self._outage.refusal(now)

    def _turn_soon(self) -> None:
        """What else is read from sockets before the reactor's turn ends goes together."""
        if self._since is None and self._soon is None:
            self._soon = self._reactor.callLater(0, self._turn)

    def _read_first(self) -> None:
        """Sockets are read before the next turn: who has just been told publishes again, and goes into the
        same commit."""
        self._soon = self._reactor.callLater(0, self._turn)

    def _turn(self) -> None:
        self._soon = None
        publications = self._pending.begin(AT_A_TIME)
        jobs = self._jobs.begin()
        if not (publications or jobs or self._is_asked):
            self._go_on(None)
            return
        self._is_asked = False
        self._since = self._reactor.seconds()
        entries = [publication.entries for publication in publications]
        work = partial(self._writing.turn, entries, [order.job for order in jobs], int(self._now() * 1000))
        if publications or jobs:
            done = self._worker.run(partial(self._bell.alone, work), self._bell.ring)
        else:
            done = self._worker.run(work)
        done.addCallbacks(
            self._succeeded, self._failed, callbackArgs=(publications, jobs), errbackArgs=(publications, jobs)
        )
        done.addErrback(self._broke)
        done.addCallback(self._go_on)

    def _succeeded(self, turn: Turn, publications: Sequence[Publication], jobs: Sequence[Order]) -> None:
        self._since = None
        self._jobs.finish(jobs)
        if publications or jobs:
            self._outage.succeeded(self._reactor.seconds())
        octets = 0
        if turn.news:
            octets = sum([len(message.body) for message in turn.news])
            self.last = turn.news[-1].seq
            first, used = self.measured
            self.measured = Measured(first, used + octets)
        if turn.measured is not None:
            self.measured = turn.measured
        if turn.news and self._came is not None:
            try:
                self._came(turn.news)
            except Exception:  # noqa: BLE001 - those who have published are told all the same
                log.failure("what came to a channel could not be told")
        self._tell(turn, publications)
        for order, result in zip(jobs, turn.results, strict=True):
            order.ended(result)
        if publications or jobs:
            self._written(octets)
        self._is_asked = self._is_asked or not turn.is_all

    def _tell(self, turn: Turn, publications: Sequence[Publication]) -> None:
        """Tell publishers, as far as everything was heard of up to what they have published."""
        published = list(zip(publications, turn.receipts, strict=True))
        if self._unheard:
            published = [(publication, receipts) for _, publication, receipts in self._unheard] + published
            self._unheard = []
        told = []
        for publication, receipts in published:
            if not turn.is_all and (last := max(receipts)[0]) > self.last:
                self._unheard.append((last, publication, receipts))
            else:
                told.append((publication, receipts))
        self._pending.finish([publication for publication, _ in told])
        for publication, receipts in told:
            publication.published(receipts)

    def _failed(self, failure: Failure, publications: Sequence[Publication], jobs: Sequence[Order]) -> None:
        unheard, self._unheard = [publication for _, publication, _ in self._unheard], []
        self._pending.finish([*publications, *unheard])
        self._jobs.finish(jobs)
        assert isinstance(failure.value, Exception), "threads are not interrupted"
        now = self._reactor.seconds()
        error = self._outage.failed(failure.value, now)
        for publication in publications:
            publication.failed(type(error)(*error.args))
        for publication in unheard:
            publication.failed(StalledError("the store fails; it may have been published"))
        for order in jobs:
            order.failed(type(error)(*error.args))
        # Whoever came meanwhile has not been tried, but would fail as well.
        refusal = self._outage.refusal(now) or UnavailableError(*error.args)
        self._pending.refuse(refusal)
        self._jobs.refuse(refusal)
        if self._is_open and self._again is None:
            self._again = self._reactor.callLater(self._outage.rest, self._look_again)

    def _look_again(self) -> None:
        self._again = None
        self.look()

    def _broke(self, failure: Failure) -> None:
        log.failure("what became of messages could not be told", failure=failure)

    def _go_on(self, _: object) -> None:
        self._since = None
        if self._pending or self._jobs or self._unheard or (self._is_asked and self._is_open):
            if self._soon is None:
                self._soon = self._reactor.callLater(0, self._read_first)
        elif self._ended is not None and not self._ended.called:
            if self._soon is not None:
                self._soon.cancel()
                self._soon = None
            self._pending.close()
            self._jobs.close()
            self._ended.callback(None)
