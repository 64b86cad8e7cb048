"""What is done in the thread that writes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from twisted.python.failure import Failure

from protocols.channels.message import Entry, Message, Receipt
from protocols.channels.sqlite.database import Database, transaction
from protocols.channels.sqlite.forgetting import Measured, measure
from protocols.channels.sqlite.history import read
from protocols.channels.sqlite.inserting import ROWS, End, as_stored, find_end, insert, known
from protocols.channels.sqlite.jobs import Job
from protocols.channels.sqlite.trouble import TROUBLE
from protocols.channels.store import READ_MESSAGES

T = TypeVar("T")

MEASURED: Final = 1.0
"""Seconds for which it is known how much there is; others may publish and forget, too."""


PIECES: Final = 8
"""Reads of what others have published, before they are told of: what is held in memory meanwhile."""


_message = Message._make
_receipt = Receipt._make


class Turn(NamedTuple):
    """What has been done at a time."""

    receipts: Sequence[Sequence[Receipt]]
    """Of each publication."""
    results: Sequence[Any]
    """Of each job; a failure of one that has made a mistake."""
    news: Sequence[Message]
    """What nobody has been told of yet, whoever has published it; what was published may yet follow."""
    is_all: bool
    """Whether there was nothing else to be told of."""
    measured: Measured | None
    """How much there is, if it was looked."""


class BehindError(Exception):
    """Another process has published since it was looked where the log ends."""


class MistakeError(Exception):
    """The job `number` has failed, and the file is not why."""

    def __init__(self, number: int, failure: Failure) -> None:
        self.number = number
        self.failure = failure


class Writing:
    """Writes the file of `database`, and tells what has come to it; for one thread.

    .. attribute:: position

       The seq of the newest message that it has told of.
    """

    def __init__(self, database: Database) -> None:
        self.position = 0
        self._database = database
        self._end = End()
        self._measured = 0.0  # by time.monotonic
        self._version = 0  # PRAGMA data_version: it is another when another process has written

    def begin(self) -> Measured:
        """Open the file for the first time: what is in it is not told of."""
        connection = self._database.open()
        self.position = self._database.last
        self._end = find_end(connection)
        return measure(connection)

    def turn(self, publications: Sequence[Sequence[Entry]], jobs: Sequence[Job], now: int) -> Turn:
        """Publish, do the jobs, all or none of it but for jobs that make mistakes, and look what others have
        published.

        :param now: milliseconds since the epoch.

        Raises :class:`sqlite3.Error`, :class:`OSError`, and what :mod:`~protocols.channels.sqlite.trouble`
        has.  After that the file is opened anew.
        """
        try:
            return self._turn(publications, jobs, now)
        except BaseException:
            self._drop()
            raise

    def aside(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """What `function` makes of the connection, outside of any transaction."""
        self._database.last = self.position
        try:
            return self._database.use(function)
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        """Give the connection up: another one knows nothing of what this one has seen."""
        self._version = 0
        self._end = End(time=self._end.time)
        self._database.drop()

    def _turn(self, publications: Sequence[Sequence[Entry]], jobs: Sequence[Job], now: int) -> Turn:
        self._database.last = self.position
        connection = self._database.open()
        if not (publications or jobs):
            self._database.check()
            news, is_all = self._look(connection)
            return Turn((), (), news, is_all, self._measure(connection, False))
        entries = [entry for entries in publications for entry in entries]
        results: Sequence[Any] = ()
        if jobs or len(entries) > ROWS:
            receipts, new, results = self._do(connection, entries, jobs, now)
        else:
            try:
                receipts, new = self._publish(connection, entries, now)
            except (sqlite3.IntegrityError, BehindError):
                # Another process has published meanwhile, perhaps under one of the ids.
                with transaction(connection):
                    receipts, new = self._publish_surely(connection, entries, now)
        self._database.check()
        try:
            news, is_all = self._told(connection, new) if new else self._look(connection)
        except Exception:  # noqa: BLE001 - what is committed stands; whoever looks next hears of it
            news, is_all = (), False
            self._version = 0
        return Turn(
            _shares(publications, receipts), results, news, is_all, self._measure(connection, bool(jobs))
        )

    def _do(
        self, connection: sqlite3.Connection, entries: Sequence[Entry], jobs: Sequence[Job], now: int
    ) -> tuple[Sequence[Receipt], Sequence[Entry], Sequence[Any]]:
        """Publish `entries` and do `jobs`; what fails by a mistake of its own is left out."""
        mistakes: dict[int, Failure] = {}
        while True:
            try:
                with transaction(connection):
                    receipts, new = self._publish_surely(connection, entries, now)
                    results = [
                        mistakes[number] if number in mistakes else _done(connection, number, job)
                        for number, job in enumerate(jobs)
                    ]
                return receipts, new, results
            except MistakeError as mistake:
                mistakes[mistake.number] = mistake.failure

    def _publish_surely(
        self, connection: sqlite3.Connection, entries: Sequence[Entry], now: int
    ) -> tuple[Sequence[Receipt], Sequence[Entry]]:
        """Publish `entries` in a transaction that is under way."""
        if entries:
            self._end = find_end(connection, self._end.time)
        return self._publish(connection, entries, now)

    def _publish(
        self, connection: sqlite3.Connection, entries: Sequence[Entry], now: int
    ) -> tuple[Sequence[Receipt], Sequence[Entry]]:
        """Publish `entries`: the receipts, and those that are new."""
        ids = [as_stored(entry.id) for entry in entries if entry.id]
        if not ids:
            last = self._insert(connection, entries, now) if entries else 0
            return [_receipt((seq, True)) for seq in range(last - len(entries) + 1, last + 1)], entries
        there = known(connection, ids)
        new: list[Entry] = []
        places: dict[str, int] = {}  # where in `new` an id stands
        found: list[tuple[int, bool]] = []  # its seq, or its place among those that are new
        for entry in entries:
            name = as_stored(entry.id)
            if name in there:
                found.append((there[name], False))
            elif name in places:
                found.append((-places[name], False))
            else:
                found.append((-len(new), True))
                if name:
                    places[name] = len(new)
                new.append(entry)
        last = self._insert(connection, new, now) if new else 0
        first = last - len(new) + 1
        return [Receipt(seq if seq > 0 else first - seq, is_new) for seq, is_new in found], new

    def _insert(self, connection: sqlite3.Connection, entries: Sequence[Entry], now: int) -> int:
        """Add `entries`; the seq of the last.  Raises :class:`BehindError`."""
        end = insert(connection, entries, now, self._end)
        if end is None:
            raise BehindError
        self._end = end
        return end.seq

    def _told(self, connection: sqlite3.Connection, new: Sequence[Entry]) -> tuple[Sequence[Message], bool]:
        """What is to be told of, now that `new` is durable, and whether that is all: what others have
        published comes before."""
        last, _, time = self._end
        first = last - len(new) + 1
        news: list[Message] = []
        position = self.position
        for _ in range(PIECES):
            if position >= first - 1:
                break
            before = read(connection, position, first - 1 - position)
            news += [message for message in before if message.seq < first]
            # What is not there has been forgotten already.
            position = before[-1].seq if before and before[0].seq < first else first - 1
        is_all = position >= first - 1
        if is_all:
            news += [_message((seq, time, *entry)) for seq, entry in enumerate(new, first)]
            position = last
        else:
            self._version = 0
        self.position = position
        return _unbroken(news), is_all

    def _look(self, connection: sqlite3.Connection) -> tuple[Sequence[Message], bool]:
        """What others have published, and whether that is all."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        news: list[Message] = []
        is_all = version == self._version
        position = self.position
        for _ in range(0 if is_all else PIECES):
            piece = read(connection, position, READ_MESSAGES)
            if not piece:
                is_all = True
                self._version = version
                break
            news += piece
            position = piece[-1].seq
        if news:
            self.position = position
        return _unbroken(news), is_all

    def _measure(self, connection: sqlite3.Connection, at_once: bool) -> Measured | None:
        now = time.monotonic()
        if not at_once and now - self._measured < MEASURED:
            return None
        self._measured = now
        try:
            return measure(connection)
        except sqlite3.Error:
            return None  # what was to be done is done


def _done(connection: sqlite3.Connection, number: int, job: Job) -> Any:
    try:
        return job(connection)
    except TROUBLE:
        raise
    except Exception as error:
        raise MistakeError(number, Failure()) from error


def _unbroken(news: Sequence[Message]) -> Sequence[Message]:
    """Those behind the last gap in `news`: what comes before has been forgotten while it was read."""
    if news and news[-1].seq - news[0].seq != len(news) - 1:
        last = news[-1].seq - len(news) + 1
        return [message for at, message in enumerate(news) if message.seq - at == last]
    return news


def _shares(publications: Sequence[Sequence[Entry]], receipts: Sequence[Receipt]) -> list[Sequence[Receipt]]:
    """What of `receipts` belongs to each of `publications`."""
    shares: list[Sequence[Receipt]] = []
    at = 0
    for entries in publications:
        shares.append(receipts[at : at + len(entries)])
        at += len(entries)
    return shares
