"""Everything that is written goes through here, and whatever comes while the disk is busy goes together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.errors import UnavailableError
from protocols.channels.message import Entry, Receipt
from protocols.channels.pending import Pending, Publication
from protocols.channels.sqlite.bell import Bell
from protocols.channels.sqlite.forgetting import Measured
from protocols.channels.sqlite.outage import Outage
from protocols.channels.sqlite.worker import Worker
from protocols.channels.sqlite.writing import Job, Turn, Writing
from protocols.channels.store import Came

log = Logger(namespace="polyport")

AT_A_TIME: Final = 512
"""Messages that are published together, about: with more, the first of them wait longer for the last."""


class Turns:
    """Has `writing` do, in the thread `worker`, what it is asked for: one turn after the other.

    :param stalled: seconds after which a turn that has not ended makes publishers go away.
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
        self._jobs: list[tuple[Job, Deferred[Any]]] = []
        self._is_asked = False  # whether others have published
        self._since: float | None = None  # when the turn began that is under way
        self._soon: IDelayedCall | None = None
        self._again: IDelayedCall | None = None
        self._ended: Deferred[None] | None = None  # fires when the turn that is under way has ended

    def begin(self, last: int, measured: Measured, came: Came) -> None:
        """From now on."""
        self.last = last
        self.measured = measured
        self._came = came
        self._is_open = True

    def publish(self, entries: Sequence[Entry]) -> Deferred[Sequence[Receipt]]:
        """Publish `entries`.  Raises :class:`UnavailableError`."""
        if self._since is not None or self._outage.is_on or not self._is_open:
            refusal = self._refusal()
            if refusal is not None:
                raise refusal
        told = self._pending.add(entries)
        self._turn_soon()
        return told

    def do(self, job: Job) -> Deferred[Any]:
        """What `job` returns, in a transaction."""
        refusal = self._refusal()
        if refusal is not None:
            return fail(refusal)
        told: Deferred[Any] = Deferred()
        self._jobs.append((job, told))
        self._turn_soon()
        return told

    def look(self) -> None:
        """Others may have published."""
        self._is_asked = True
        self._turn_soon()

    def end(self) -> Deferred[None]:
        """Take nothing more; it fires when what is under way has ended."""
        self._is_open = False
        for call in (self._soon, self._again):
            if call is not None and call.active():
                call.cancel()
        self._pending.close()
        jobs, self._jobs = self._jobs, []
        for _, told in jobs:
            told.errback(UnavailableError("the channel is closed"))
        self._ended = Deferred()
        if self._since is None:
            self._ended.callback(None)
        return self._ended

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
        if self._since is None and self._soon is None and self._is_open:
            self._soon = self._reactor.callLater(0, self._turn)

    def _turn(self) -> None:
        self._soon = None
        publications = self._pending.begin(AT_A_TIME)
        jobs, self._jobs = self._jobs, []
        if not (publications or jobs or self._is_asked):
            return
        self._is_asked = False
        self._since = self._reactor.seconds()
        entries = [publication.entries for publication in publications]
        work = partial(self._writing.turn, entries, [job for job, _ in jobs], int(self._now() * 1000))
        if publications or jobs:
            done = self._worker.run(partial(self._bell.alone, work), self._bell.ring)
        else:
            done = self._worker.run(work)
        done.addCallbacks(
            self._succeeded, self._failed, callbackArgs=(publications, jobs), errbackArgs=(publications, jobs)
        )
        done.addErrback(self._broke)
        done.addCallback(self._go_on)

    def _succeeded(
        self, turn: Turn, publications: Sequence[Publication], jobs: Sequence[tuple[Job, Deferred[Any]]]
    ) -> None:
        self._since = None
        self._pending.finish(publications)
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
        for publication, receipts in zip(publications, turn.receipts, strict=True):
            publication.published(receipts)
        for (_, told), result in zip(jobs, turn.results, strict=True):
            told.callback(result)
        if publications or jobs:
            self._written(octets)
        self._is_asked = self._is_asked or not turn.is_all

    def _failed(
        self, failure: Failure, publications: Sequence[Publication], jobs: Sequence[tuple[Job, Deferred[Any]]]
    ) -> None:
        self._pending.finish(publications)
        assert isinstance(failure.value, Exception), "threads are not interrupted"
        now = self._reactor.seconds()
        error = self._outage.failed(failure.value, now)
        for publication in publications:
            publication.failed(type(error)(*error.args))
        for _, told in jobs:
            told.errback(type(error)(*error.args))
        # Whoever came meanwhile has not been tried, but would fail as well.
        self._pending.refuse(self._outage.refusal(now) or UnavailableError(*error.args))
        if self._is_open is not None and self._again is None:
            self._again = self._reactor.callLater(self._outage.rest, self._look_again)

    def _look_again(self) -> None:
        self._again = None
        self.look()

    def _broke(self, failure: Failure) -> None:
        log.failure("what became of messages could not be told", failure=failure)

    def _go_on(self, _: object) -> None:
        self._since = None
        if self._ended is not None:
            if not self._ended.called:
                self._ended.callback(None)
        elif self._pending or self._jobs or self._is_asked:
            self._turn_soon()
