"""A file of SQLite as a channel's store."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from twisted.internet import defer
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.python.failure import Failure

from protocols.channels.errors import StalledError, UnavailableError
from protocols.channels.message import Entry, Message, Receipt
from protocols.channels.pending import Pending
from protocols.channels.settings import PENDING, STALLED
from protocols.channels.sqlite import forgetting, groups, history
from protocols.channels.sqlite.bell import Bell
from protocols.channels.sqlite.checkpoints import Checkpoints, checkpoint
from protocols.channels.sqlite.database import Database
from protocols.channels.sqlite.forgetting import Measured
from protocols.channels.sqlite.jobs import Job
from protocols.channels.sqlite.outage import Outage
from protocols.channels.sqlite.trouble import for_operator
from protocols.channels.sqlite.turns import Turns
from protocols.channels.sqlite.worker import Worker
from protocols.channels.sqlite.writing import Writing
from protocols.channels.store import READ_MESSAGES, Came, Claim, Exported, Extent, GroupExtent

T = TypeVar("T")


class SQLiteStore:
    """Keeps a channel in `file`, which other processes may share.

    One thread writes, one reads, so that readers do not wait for commits, and one keeps the write-ahead log
    short.

    :param sync: whether publishers wait until the disk has it, or it is told to keep what there is each
        `interval` seconds.
    :param pending: messages that may wait to be written.
    :param stalled: seconds after which a publisher, or whoever has something else written, is told that the
        disk does not answer.
    :param now: the time, in seconds since the epoch.
    """

    def __init__(
        self,
        file: Path,
        *,
        sync: Literal["always", "interval"] = "always",
        interval: float = 1.0,
        pending: int = PENDING,
        stalled: float = STALLED,
        reactor: Any,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._file = file
        self._reactor = reactor
        self._now = now
        self._stalled = stalled
        self._is_closed = False
        threads = ("writing", "reading", "keeping")
        self._workers = [Worker(reactor, f"{file.name}: {what}") for what in threads]
        self._writer, self._reader, self._keeper = self._workers
        full = sync == "always"
        self._database = Database(file, full=full, writes=True)
        self._history = Database(file)
        self._writing = Writing(self._database)
        self._pending = Pending(reactor, most=pending, patience=stalled)
        self._bell = Bell(Path(f"{file}-bell"), self._heard, reactor=reactor)
        self._unreadable = Outage(file, "messages cannot be read")
        self._checkpoints = Checkpoints(
            Database(file, full=full),
            self._keeper,
            partial(self._aside, checkpoint),
            interval=0.0 if full else interval,
            reactor=reactor,
        )
        self._turns = Turns(
            self._writing,
            self._writer,
            self._bell,
            Outage(file, "nothing can be published"),
            self._pending,
            reactor=reactor,
            stalled=stalled,
            now=now,
            written=self._checkpoints.written,
        )

    trouble = ""
    """It waits for nothing that would be elsewhere."""

    @property
    def extent(self) -> Extent:
        """What is kept (see :class:`~protocols.channels.store.Store`)."""
        last, (first, octets) = self._turns.last, self._turns.measured
        first = min(first, last + 1)
        return Extent(first, last, last - first + 1, octets)

    def open(self, came: Came) -> Deferred[None]:
        """Open the file, and make it if it is not there; the words of the error are for the operator."""

        def begun(measured: Measured) -> None:
            if self._is_closed:
                raise UnavailableError("the channel is closed")  # who has closed it lets go of the file
            self._turns.begin(self._writing.position, measured, came)
            self._bell.listen()

        def failed(failure: Failure) -> Deferred[Any]:
            error = failure.value
            assert isinstance(error, Exception), "threads are not interrupted"
            said = UnavailableError(f"{self._file}: {for_operator(error)}")
            gone = succeed(None) if self._is_closed else self._let_go()
            return gone.addCallback(lambda _: Failure(said))

        if self._is_closed:
            return fail(UnavailableError("the channel is closed"))
        for worker in self._workers:
            worker.start()
        return self._writer.run(self._begin).addCallbacks(begun, failed)

    def close(self) -> Deferred[None]:
        """Finish what was taken, unless the disk does not answer, and let go; to cancel it is to wait no
        longer."""
        if self._is_closed:
            return succeed(None)
        self._is_closed = True
        self._bell.stop()
        self._checkpoints.stop()
        closed: Deferred[None] = Deferred()
        # A disk may answer when nobody waits for it any more.
        self._turns.end().addCallback(lambda _: self._let_go()).chainDeferred(closed)
        return closed.addTimeout(self._stalled, self._reactor).addErrback(self._stuck)

    def known(self) -> Deferred[None]:
        """It is, from the moment it is open."""
        return succeed(None)

    def append(self, entries: Sequence[Entry]) -> Deferred[Sequence[Receipt]]:
        """Publish `entries` with what else comes while the disk is busy."""
        return self._turns.publish(entries)

    def read(self, after: int, most: int = READ_MESSAGES, key: str = "") -> Deferred[Sequence[Message]]:
        """The next messages behind the seq `after`."""
        return self._read(partial(history.read, after=after, most=most, key=key))

    def export(self, after: int, through: int, most: int, key: str = "") -> Deferred[Exported]:
        """The next piece of a history."""
        return self._read(partial(history.export, after=after, through=through, most=most, key=key))

    def seq_before(self, time: int) -> Deferred[int]:
        """The seq of the last message from before `time`."""
        return self._read(partial(history.seq_before, time=time))

    def trim(self, through: int) -> Deferred[int]:
        """Forget everything up to the seq `through`."""
        return Deferred.fromCoroutine(self._forget(partial(forgetting.forget, through=through)))

    def retain(self, since: int, octets: int) -> Deferred[int]:
        """Forget what is too old or too much."""
        return Deferred.fromCoroutine(self._retain(since, octets))

    def claim(self, group: str, most: int, deadline: float) -> Deferred[Sequence[Claim]]:
        """Up to `most` messages that nobody else of `group` has."""
        return self._turns.do(lambda connection: groups.claim(connection, group, most, self._now(), deadline))

    def settle(self, group: str, seqs: Sequence[int]) -> Deferred[int]:
        """They are dealt with."""
        return self._turns.do(partial(groups.settle, group=group, seqs=seqs))

    def give_back(self, group: str, seq: int, error: str, delay: float) -> Deferred[None]:
        """It is to be handed out again."""
        due = self._now() + delay
        return self._turns.do(partial(groups.give_back, group=group, seq=seq, error=error, due=due))

    def due(self, group: str) -> Deferred[float | None]:
        """Seconds until one is due again."""
        return self._read(lambda connection: groups.due(connection, group, self._now()))

    def rewind(self, group: str, after: int) -> Deferred[None]:
        """Hand out everything behind `after` anew."""
        return self._turns.do(partial(groups.rewind, group=group, after=after))

    def group(self, name: str) -> Deferred[GroupExtent]:
        """How far it has come."""
        return self._read(partial(groups.extent, group=name))

    def _begin(self) -> Measured:
        measured = self._writing.begin()
        # Whoever publishes from now on sees that somebody listens; what came before is looked for.
        self._bell.hang_up()
        return measured

    def _heard(self) -> None:
        self._turns.look()

    def _read(self, function: Callable[[sqlite3.Connection], T]) -> Deferred[T]:
        if self._is_closed:
            return fail(UnavailableError("the channel is closed"))
        done = self._reader.run(partial(self._history.use, function))
        return done.addCallbacks(self._have_read, self._cannot_read)

    def _have_read(self, found: T) -> T:
        self._unreadable.succeeded(self._reactor.seconds())
        return found

    def _cannot_read(self, failure: Failure) -> Failure:
        assert isinstance(failure.value, Exception), "threads are not interrupted"
        return Failure(self._unreadable.failed(failure.value, self._reactor.seconds()))

    async def _forget(self, piece: Job) -> int:
        """Have `piece` forget until there is nothing more to."""
        forgotten = 0
        while count := await self._turns.do(piece):
            forgotten += count
        while forgotten and not self._is_closed and await self._aside(forgetting.shorten):
            pass
        return forgotten

    async def _retain(self, since: int, octets: int) -> int:
        through = await self.seq_before(since) if since else 0
        forgotten = 0
        if through >= self.extent.first:
            forgotten += await self._forget(partial(forgetting.forget, through=through))
        if octets and self.extent.octets > octets:
            forgotten += await self._forget(partial(forgetting.forget_surplus, octets=octets))
        return forgotten

    def _aside(self, function: Callable[[sqlite3.Connection], T]) -> Deferred[T]:
        """What is done between two turns, and is nothing that anybody needs."""
        if self._is_closed:
            return fail(UnavailableError("the channel is closed"))
        return self._writer.run(partial(self._writing.aside, function))

    def _let_go(self) -> Deferred[None]:
        """Close the file; what was opened last is closed first, and who writes makes it tidy."""

        def closed(result: Any) -> Any:
            for worker in self._workers:
                worker.stop()
            return result

        done: Deferred[Any] = self._reader.run(self._history.drop)
        done.addCallback(lambda _: self._checkpoints.close())
        done.addCallback(lambda _: self._writer.run(self._database.drop))
        done.addCallback(lambda _: self._writer.run(self._bell.take_down))
        return done.addBoth(closed)

    def _stuck(self, failure: Failure) -> None:
        failure.trap(defer.TimeoutError, CancelledError)
        error = StalledError("the store does not answer; it may have been published")
        # Whoever hears of it may wait for this to end.
        self._reactor.callLater(0, self._turns.give_up, error)
