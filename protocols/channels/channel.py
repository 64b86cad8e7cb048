"""A named, ordered, durable log that anybody publishes to and reads from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.batch import Batch
from protocols.channels.channel_counts import ChannelCounts
from protocols.channels.errors import RefusedError, UnavailableError
from protocols.channels.held_back import HeldBack
from protocols.channels.intake import Intake
from protocols.channels.message import Entry, Message, Receipt
from protocols.channels.retention import Retention
from protocols.channels.settings import Settings
from protocols.channels.since import Since
from protocols.channels.store import Published, Store, is_later
from protocols.channels.subscription import Subscriber, Subscription
from protocols.channels.tail import Tail
from protocols.codec import DecodeError

if TYPE_CHECKING:
    from protocols.channels.groups import Group

log = Logger(namespace="polyport")

CHECKED: Final = 16
"""Subscribers that fall behind are looked at each time that so large a part of what they may be behind has
come: thousands of them, after each message, would slow down everybody else."""


NEVER: Final = 253_402_300_799_000
"""The end of the year 9999, in milliseconds since the epoch: all there is, is from before."""


class Channel:
    """The channel `name`, kept by `store`.

    :param clock: for timers: a reactor.
    :param now: the time, in seconds since the epoch.

    .. attribute:: tail

       Its newest messages.

    .. attribute:: on_news

       Called when something has come; whoever wants to hear of it adds a function, which publishes nothing
       itself.

    .. attribute:: groups

       Those who share its messages, by name.

    .. attribute:: trouble

       Why the store has not taken what was published last; empty if it has.

    .. attribute:: take

       Publishes what :meth:`check` gave, as :meth:`publish` does.
    """

    take: Callable[[Sequence[Entry]], Published]

    def __init__(
        self,
        name: str,
        store: Store,
        *,
        clock: Any,
        settings: Settings | None = None,
        intake: Intake | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.store = store
        self.clock = clock
        self.now = now
        self.settings = settings = settings or Settings()
        self.counts = ChannelCounts()
        self.tail = Tail()
        self.on_news: set[Callable[[], object]] = set()
        self.groups: dict[str, Group] = {}
        self.trouble = ""
        self._intake = intake or Intake(most=settings.message)
        self._current: dict[Subscription, None] = {}  # in the order in which they came up
        self._behind: set[Subscription] = set()
        self._fresh: list[Message] = []
        self._telling: IDelayedCall | None = None
        self._held_back = HeldBack(self, self._append) if settings.slow == "wait" else None
        self._checked = 0
        self._retention = Retention(self)
        self.take = self._append if self._held_back is None else self._held_back.take

    @property
    def last(self) -> int:
        """The seq of the newest message that subscribers are told of."""
        return self.tail.last

    @property
    def subscribers(self) -> int:
        """How many read it here."""
        return len(self._current) + len(self._behind)

    @property
    def is_held_up(self) -> bool:
        """Whether a subscriber is so slow that publishers would have to wait for it."""
        return any(one.is_slow for one in self._behind)

    def open(self) -> Deferred[None]:
        """Make it ready.  Fails with :class:`UnavailableError`."""

        def ready(_: object) -> None:
            self.tail.begin(self.store.extent.last)
            self._retention.start()

        return self.store.open(self._came).addCallback(ready)

    def close(self) -> Deferred[None]:
        """Let go of everybody, and of the store once it has finished what is under way."""
        self._retention.stop()
        for group in self.groups.values():
            group.close()
        for subscription in (*self._current, *self._behind):
            subscription.cut_off("the channel is closed")
        if self._held_back is not None:
            self._held_back.close()
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        return self.store.close()

    def trim(self, through: int) -> Deferred[int]:
        """Forget everything up to the seq `through`; how many messages that were."""
        return self.store.trim(through).addCallback(self.forgotten)

    def forgotten(self, count: int) -> int:
        """The store has forgotten so many messages."""
        self.counts.trimmed += count
        self.tail.forget(self.store.extent.first - 1)
        return count

    def at_hand(self, position: int, most: int) -> list[Message] | None:
        """The next messages behind the seq `position`, up to `most`, from memory; ``None`` if some are not
        there, such as those that another process has had the store forget."""
        self._forget_with_store()
        return self.tail.after(position, most)

    def batch_at_hand(self, position: int, most: int) -> Batch | None:
        """The same for sending, as :meth:`Tail.slice <protocols.channels.tail.Tail.slice>` has it."""
        self._forget_with_store()
        return self.tail.slice(position, most)

    def _forget_with_store(self) -> None:
        first = self.store.extent.first
        if first > self.tail.first:
            self.tail.forget(first - 1)

    # -- publishing ------------------------------------------------------------------------------------

    def publish(self, entries: Sequence[Entry]) -> Published:
        """Publish `entries`, all or none of them; the receipts come when they are durable.

        Raises :class:`~protocols.channels.errors.RefusedError` and :class:`~protocols.codec.DecodeError` for
        what is none the channel takes; raises, or fails with, :class:`UnavailableError` if the store does not
        take them.
        """
        try:
            checked = self.check(entries)
        except (RefusedError, DecodeError):
            self.counts.refused += len(entries)
            raise
        return self.take(checked)

    def publish_later(self, entries: Sequence[Entry]) -> Deferred[Sequence[Receipt]]:
        """The same for whoever waits anyway: what :meth:`publish` raises, this fails with."""
        try:
            receipts = self.publish(entries)
        except Exception:  # noqa: BLE001 - whoever waits hears of it
            return fail()
        return receipts if is_later(receipts) else succeed(receipts)

    def check(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """`entries` as they would be published, for :meth:`take`; nothing is counted.  Raises as
        :meth:`publish` does for what the channel does not take."""
        return self._intake.check_all(entries)

    def _append(self, entries: Sequence[Entry]) -> Published:
        try:
            receipts = self.store.append(entries)
        except (UnavailableError, RefusedError) as error:
            self._count_not_published(error, len(entries))
            raise
        if is_later(receipts):
            return receipts.addCallbacks(self._published, self._not_published, errbackArgs=(len(entries),))
        return self._published(receipts)

    def _published(self, receipts: Sequence[Receipt]) -> Sequence[Receipt]:
        known = 0
        for _, is_new in receipts:
            if not is_new:
                known += 1
        self.counts.published += len(receipts) - known
        self.counts.duplicates += known
        self.trouble = ""
        return receipts

    def _not_published(self, failure: Failure, count: int) -> Failure:
        self._count_not_published(failure.value, count)
        return failure

    def _count_not_published(self, error: BaseException | None, count: int) -> None:
        if isinstance(error, RefusedError | DecodeError):
            # The store is fine: it has a limit of its own, which the message is over.
            self.counts.refused += count
        elif not isinstance(error, CancelledError):
            # Else its publisher has left, and it may be published yet.
            self.counts.unavailable += count
            self.trouble = str(error)

    # -- reading ---------------------------------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber, position: int, key: str = "") -> Subscription:
        """Read what is behind the seq `position`; :meth:`Subscription.resume` begins.

        :param position: as :meth:`position` gives it: not above what the store has, which may be ahead of
            what was heard of here.
        :param key: only messages of that key.

        Raises :class:`UnavailableError` where there are too many subscribers.
        """
        if self.subscribers >= self.settings.subscribers:
            raise UnavailableError(f"{self.settings.subscribers} subscribers read it already")
        subscription = Subscription(self, subscriber, position, key)
        self._behind.add(subscription)
        return subscription

    def position(self, since: Since) -> Deferred[int]:
        """The seq behind which somebody begins to read.

        One that is above all there is, as of a channel that has begun anew, is that of the newest.  Another
        process may have published what nobody here has heard of: what is newest, the store knows.

        Fails with :class:`UnavailableError` where the store does not say it, or what it keeps at all.
        """
        return self.store.known().addCallback(lambda _: self._position(since))

    def _position(self, since: Since) -> Deferred[int]:
        if since.kind == "ago":
            return self.store.seq_before(round((self.now() - since.number) * 1000))
        if since.kind == "time":
            return self.store.seq_before(since.number)
        if since.kind == "seq":
            if since.number <= self.last:
                return succeed(since.number)
            newest = self.store.seq_before(NEVER)
            return newest.addCallback(lambda newest: min(since.number, max(newest, self.last)))
        if since.kind == "all":
            # Who wants all there is does not miss what was forgotten before.
            return succeed(self.store.extent.first - 1)
        # In a channel that is empty as far as was heard here, others may just have published.
        last = succeed(self.last) if self.last else self.store.seq_before(NEVER)
        return last.addCallback(lambda last: max(last - 1, 0)) if since.kind == "last" else last

    def is_current(self, subscription: Subscription) -> None:
        """It has come up to the newest message, and is told of each that comes."""
        self._behind.discard(subscription)
        self._current[subscription] = None
        if self._held_back is not None:
            self._held_back.let_go()

    def is_behind(self, subscription: Subscription) -> None:
        """It takes nothing for now."""
        self._current.pop(subscription, None)
        self._behind.add(subscription)

    def unsubscribed(self, subscription: Subscription) -> None:
        """It reads no more."""
        self._current.pop(subscription, None)
        self._behind.discard(subscription)
        if self._held_back is not None:
            self._held_back.let_go()

    def failed(self, failure: Failure) -> None:
        """Something of ours went wrong while messages were given to a subscriber."""
        log.failure("{channel}: a subscriber could not be told", failure=failure, channel=self.name)

    def _came(self, messages: Sequence[Message]) -> None:
        """The store has them; none: it has come to know what it keeps."""
        before = messages[0].seq - 1 if messages else self.store.extent.last
        if before != self.tail.last:
            self._leap(before)
        if messages:
            self.tail.add(messages)
        if self.on_news:
            self._tell_on_news()
        if not messages:
            return
        if self._current or self._fresh:
            # Everything that comes in one turn of the reactor goes out in one piece.
            self._fresh += messages
            if self._telling is None:
                self._telling = self.clock.callLater(0, self._tell)
        elif self._behind:
            self._check_slow()

    def _tell_on_news(self) -> None:
        for heard in tuple(self.on_news):
            try:
                heard()
            except BaseException:  # noqa: BLE001 - what one raises must not keep the others from their messages
                self.failed(Failure())

    def _leap(self, position: int) -> None:
        """What is up to the seq `position` was not heard of: readers find what is left of it in the store."""
        if self._telling is not None:
            self._telling.cancel()
            self._tell()
        if position < self.tail.last:
            # There is less than there was, as in a log that was made anew: what comes is new to everybody.
            self._checked = min(self._checked, position)
            for subscription in self._behind:
                subscription.position = min(subscription.position, position)
        self.tail.begin(position)
        for subscription in tuple(self._current):
            subscription.read_on()

    def _tell(self) -> None:
        self._telling = None
        fresh, self._fresh = self._fresh, []
        batch = Batch(fresh)
        before = fresh[0].seq - 1
        for subscription in tuple(self._current):
            if subscription not in self._current:
                continue  # it does not want any more since another was told
            position = subscription.position
            if position == before:
                subscription.take(batch)
            elif position < before:
                subscription.read_on()
            elif position < batch.last:
                # It came up to the newest message after some of these had come.
                subscription.take(Batch(fresh[position - before :]))
        if self._behind:
            self._check_slow()

    def _check_slow(self) -> None:
        """See to those that fall behind."""
        slow, lag = self.settings.slow, self.settings.lag
        if slow == "wait" or self.last - self._checked < lag // CHECKED:
            return
        self._checked = self.last
        for subscription in [one for one in self._behind if one.is_slow]:
            if slow == "disconnect":
                self.counts.disconnected += 1
                log.warn(
                    "{channel}: a slow subscriber is cut off, which is more than {lag} messages behind",
                    channel=self.name,
                    lag=lag,
                )
                subscription.cut_off(f"more than {lag} messages behind")
            else:
                subscription.skip_to(self.last - lag)
