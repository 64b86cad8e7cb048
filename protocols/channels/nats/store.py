"""A stream of JetStream as a channel's store."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import CancelledError, Deferred, gatherResults, maybeDeferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.logger import Logger

from protocols.channels.errors import UnavailableError
from protocols.channels.message import Entry, Message, Receipt
from protocols.channels.message_json import exported
from protocols.channels.nats.asking import CLOSED, Asking
from protocols.channels.nats.connection import NATSConnection
from protocols.channels.nats.group_consumer import GroupConsumer
from protocols.channels.nats.hearing import Hearing
from protocols.channels.nats.history import History
from protocols.channels.nats.publisher import Publisher
from protocols.channels.nats.stream import Stream
from protocols.channels.pending import Pending
from protocols.channels.settings import PENDING, STALLED
from protocols.channels.store import (
    EXPORT_BYTES,
    READ_BYTES,
    READ_MESSAGES,
    Came,
    Claim,
    Exported,
    Extent,
    GroupExtent,
    Published,
)
from protocols.handlers.coroutines import runner

if TYPE_CHECKING:
    from nats.aio.client import Client

log = Logger(namespace="polyport")

OPENING: Final = 5.0
"""Seconds that :meth:`NATSStore.open` waits for NATS; it goes on without."""

CLOSING: Final = 5.0
"""Seconds that :meth:`NATSStore.close` waits for answers to what is under way."""

LOOK: Final = 10.0
"""Seconds between two looks at what the stream keeps, which others change too."""

AGAIN: Final = 1.0
"""Seconds before JetStream is asked again for a stream that it did not give."""

STREAM = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
"""Names that streams may have: what subjects and folders can be made of."""


class NATSStore:
    """Keeps a channel in the JetStream `stream`, which is made if it is not there.

    While NATS is away, what is published waits, and is published when it is back; with more than `pending`
    messages, or after `stalled` seconds, publishers are refused.  Readers wait a little, and are then told
    to come again.  A message is stored once, however often it has to be sent, for as long as the stream
    remembers ids (two minutes, unless others made it otherwise); so long, too, the id of a publisher counts.

    Of the promises of :class:`~protocols.channels.store.Store` JetStream 2.9 does not keep one: entries that
    are published together are stored one by one.  They come in their order, but those of others may come
    between them; and where NATS fails in their midst, some may be stored although the publication has failed.

    How durable a message is when its publisher is told, is NATS's: on `replicas` servers, in files that are
    written to the disk from time to time (its ``sync_interval``).  A server that dies, and is the only one,
    may forget what a group has done just before: that is handed out again.

    :param replicas: servers of a cluster that keep a stream made here.
    :param keep: seconds that a stream made here keeps messages; 0: for ever.
    :param octets: bytes that a stream made here keeps; 0: as many as there are.
    :param now: the time, in seconds since the epoch.

    Raises :class:`ValueError` for what no stream may be called.
    """

    def __init__(
        self,
        connection: NATSConnection,
        stream: str,
        *,
        replicas: int = 1,
        pending: int = PENDING,
        stalled: float = STALLED,
        keep: float = 0.0,
        octets: int = 0,
        reactor: Any,
        now: Callable[[], float] = time.time,
    ) -> None:
        if not STREAM.fullmatch(stream):
            raise ValueError(f"{stream!r} is no name of a stream: letters, digits, - and _")
        self._connection = connection
        self._reactor = reactor
        self._run = runner(reactor)
        self._stream = Stream(
            connection, stream, replicas=replicas, keep=keep, octets=octets, remembers=stalled
        )
        self._pending = Pending(reactor, most=pending, patience=stalled)
        self._hearing = Hearing(self._stream, self._heard, reactor)
        self._publisher = Publisher(self._stream, self._pending, lambda: self._hearing.position, reactor)
        self._history = History(self._stream, reactor, now)
        self._asking = Asking(reactor, self._away)
        self._groups: dict[str, GroupConsumer] = {}
        self._extent = Extent(1, 0, 0, 0)
        self._came: Came | None = None
        self._opening: Deferred[None] | None = None
        self._is_known = False  # what the stream keeps, at least once
        self._away_since: float | None = None
        self._reason = ""
        self._sessions: list[Deferred[Any]] = []

    @property
    def extent(self) -> Extent:
        """What is kept (see :class:`~protocols.channels.store.Store`)."""
        return self._extent

    @property
    def trouble(self) -> str:
        """Why nothing can be read now, and for how long that has been so."""
        if self._away_since is None:
            return ""
        return f"{self._away()}, for {self._reactor.seconds() - self._away_since:.0f} s"

    # -- beginning and end -----------------------------------------------------------------------------

    def open(self, came: Came) -> Deferred[None]:
        """Connect; fires when there is a stream, and also when there is none yet."""
        self._came = came
        self._away_since = self._reactor.seconds()
        opened: Deferred[None] = Deferred()
        self._opening = opened
        watch: IDelayedCall = self._reactor.callLater(OPENING, self._opened)
        opened.addCallback(lambda _: watch.cancel() if watch.active() else None)
        self._connection.join(self)
        return opened

    def close(self) -> Deferred[None]:
        """Wait for what is under way, which is at its end soon where NATS is there, and let go."""
        if self._came is None:
            return succeed(None)
        self._came = None
        self._opened()
        return maybeDeferred(self._run, self._close())

    async def _close(self) -> None:
        given_up = 0
        if not self._asking.is_ready:
            given_up = len(self._pending)
            self._pending.refuse(UnavailableError(CLOSED))
            self._asking.refuse(UnavailableError(CLOSED))
        finishing = [self._publisher.finished(), self._asking.finished()]
        for finished in finishing:
            finished.addTimeout(CLOSING, self._reactor, onTimeoutCancel=lambda *_: None)
        await gatherResults(finishing)
        self._say_given_up(given_up + len(self._pending), self._publisher.unanswered)
        self._publisher.close()
        self._pending.close()
        self._asking.close()
        await self._history.close()
        for group in self._groups.values():
            await group.close()
        self.lost()
        await self._connection.leave(self)

    def _say_given_up(self, waiting: int, under_way: int) -> None:
        """What ends with this, and no publisher was told to be published."""
        if waiting or under_way:
            log.warn(
                "the stream {stream} is left before everything is published "
                "(given up: {waiting}, under way, and may have been published: {under_way})",
                stream=self._stream.name,
                waiting=waiting,
                under_way=under_way,
            )

    def connected(self, client: Client) -> None:
        """There is a connection."""
        self._begin(self._prepare(client))

    def lost(self) -> None:
        """There is none."""
        self._asking.is_ready = False
        if self._away_since is None:
            self._away_since = self._reactor.seconds()
        self._reason = ""
        sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.cancel()
        self._history.forget()
        for group in self._groups.values():
            group.forget()
        self._opened()

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run `coroutine` for as long as the connection lasts."""
        session = maybeDeferred(self._run, coroutine)
        self._sessions.append(session)
        session.addErrback(lambda failure: failure.trap(CancelledError) and None)
        session.addErrback(lambda failure: log.failure("{stream}", failure=failure, stream=self._stream.name))

    async def _prepare(self, client: Client) -> None:
        """Have the stream, then serve it."""
        while True:
            try:
                extent = await self._stream.ready()
                break
            except UnavailableError as error:
                if str(error) != self._reason:
                    self._reason = str(error)
                    log.warn("the stream {stream}: {why}", stream=self._stream.name, why=self._reason)
                self._opened()
            await deferLater(self._reactor, AGAIN)
        self._have(extent)
        self._begin(self._hearing.run(client))
        self._begin(self._publisher.run(client))
        self._publisher.wake()
        while True:
            await deferLater(self._reactor, LOOK)
            try:
                self._know(await self._stream.extent())
            except UnavailableError as error:
                log.debug("{stream}: {why}", stream=self._stream.name, why=str(error))

    def _have(self, extent: Extent) -> None:
        """The stream is there."""
        position = self._hearing.position
        is_news = not self._is_known or extent.last < position
        if is_news:
            if position:
                log.warn("the stream {stream} has begun anew", stream=self._stream.name)
            self._hearing.position = extent.last
        self._know(extent)
        self._asking.is_ready = self._is_known = True
        self._away_since = None
        self._reason = ""
        if is_news and self._opening is None and self._came is not None:
            self._came(())
        self._opened()
        self._asking.ready()

    def _opened(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.callback(None)

    def _heard(self, messages: Sequence[Message]) -> None:
        first, _, count, octets = self._extent
        octets += sum([len(message.body) for message in messages])
        if not count:
            first = messages[0].seq
        self._extent = Extent(first, messages[-1].seq, count + len(messages), octets)
        if self._came is not None:
            self._came(messages)
        self._publisher.heard()

    def _know(self, extent: Extent) -> None:
        """This is kept, or was a moment ago; the newest is what was told here."""
        last = self._hearing.position
        messages = max(0, extent.messages + last - extent.last)
        self._extent = Extent(min(extent.first, last + 1), last, messages, extent.octets)

    def known(self) -> Deferred[None]:
        """Fires when the stream has said what it keeps, for the first time."""
        return succeed(None) if self._is_known else self._asking.ask(_nothing)

    # -- publishing ------------------------------------------------------------------------------------

    def append(self, entries: Sequence[Entry]) -> Published:
        """Publish `entries`, now or when NATS is back."""
        if self._came is None:
            raise UnavailableError(CLOSED)
        try:
            told: Deferred[Sequence[Receipt]] = self._pending.add(entries)
        except UnavailableError:
            if self._asking.is_ready:
                raise
            raise UnavailableError(f"{self._away()}, and {len(self._pending)} messages wait for it") from None
        self._publisher.wake()
        return told

    # -- reading ---------------------------------------------------------------------------------------

    def read(self, after: int, most: int = READ_MESSAGES, key: str = "") -> Deferred[Sequence[Message]]:
        """The next messages behind the seq `after`."""
        return self._asking.ask(lambda: self._history.read(after, most, key, READ_BYTES))

    def export(self, after: int, through: int, most: int, key: str = "") -> Deferred[Exported]:
        """The next piece of a history."""
        most = min(most, max(through - after, 0))
        if not most:
            return succeed(Exported(b"", 0, after))
        read = self._asking.ask(lambda: self._history.read(after, most, key, EXPORT_BYTES))
        return read.addCallback(exported, after, through)

    def seq_before(self, time: int) -> Deferred[int]:
        """The seq of the last message from before `time`."""
        return self._asking.ask(lambda: self._history.seq_before(time))

    # -- forgetting ------------------------------------------------------------------------------------

    def trim(self, through: int) -> Deferred[int]:
        """Forget everything up to the seq `through`."""
        return self._asking.ask(lambda: self._trim(through))

    def retain(self, since: int, octets: int) -> Deferred[int]:
        """Forget what is too old or too much; a stream of ours does it too, by itself."""
        return self._asking.ask(lambda: self._retain(since, octets))

    async def _trim(self, through: int) -> int:
        extent = await self._stream.extent()
        purged = 0
        if extent.messages and through >= extent.first:
            purged = await self._stream.purge(seq=min(through, extent.last) + 1)
        self._know(await self._stream.extent())
        return purged

    async def _retain(self, since: int, octets: int) -> int:
        purged = await self._trim(await self._history.seq_before(since)) if since > 0 else 0
        extent = await self._stream.extent()
        while octets and extent.octets > octets and extent.messages > 1:
            # Of about the same size, which is looked at afterwards.
            keep = min(extent.messages * octets // extent.octets, extent.messages - 1)
            purged += await self._stream.purge(keep=max(keep, 1))
            extent = await self._stream.extent()
        self._know(extent)
        return purged

    # -- groups ----------------------------------------------------------------------------------------

    def claim(self, group: str, most: int, deadline: float) -> Deferred[Sequence[Claim]]:
        """Up to `most` messages that nobody else of `group` has; the deadline is that of the whole group."""
        return self._asking.ask(lambda: self._group(group).claim(most, deadline))

    def settle(self, group: str, seqs: Sequence[int]) -> Deferred[int]:
        """They are dealt with; of those that others were handed, nobody knows whether they were settled."""
        return self._asking.ask(lambda: self._group(group).settle(seqs))

    def give_back(self, group: str, seq: int, error: str, delay: float) -> Deferred[None]:
        """It is to be handed out again; `error` is known to this process only."""
        return self._asking.ask(lambda: self._group(group).give_back(seq, error, delay))

    def due(self, group: str) -> Deferred[float | None]:
        """Seconds until one is due again."""
        return self._asking.ask(lambda: self._group(group).due())

    def rewind(self, group: str, after: int) -> Deferred[None]:
        """Hand out everything behind `after` anew; see :meth:`GroupConsumer.rewind` for what is before."""
        return self._asking.ask(lambda: self._group(group).rewind(after))

    def group(self, name: str) -> Deferred[GroupExtent]:
        """How far it has come."""
        return self._asking.ask(lambda: self._group(name).extent())

    def _group(self, name: str) -> GroupConsumer:
        found = self._groups.get(name)
        if found is None:
            found = self._groups[name] = GroupConsumer(self._stream, name, self._reactor)
        return found

    def _away(self) -> str:
        if self._connection.client is None:
            return f"NATS is away: {self._connection.reason}"
        return self._reason or "NATS is not ready yet"


async def _nothing() -> None:
    """All that there is to do is to wait."""
