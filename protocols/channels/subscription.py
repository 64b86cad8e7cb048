"""One reader of a channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from protocols.channels.batch import Batch
from protocols.channels.errors import UnavailableError
from protocols.channels.message import Message

if TYPE_CHECKING:
    from protocols.channels.channel import Channel

AT_A_TIME: Final = 256
"""Messages that one that reads what is past is given in one turn of the reactor."""

TRIES_AGAIN: Final = 1.0
"""Seconds until a store that has not given anything is asked again."""


class Subscriber(Protocol):
    """Whoever reads."""

    def came(self, batch: Batch) -> None:
        """The next messages.  To take no more for now, call :meth:`Subscription.pause`."""

    def missed(self, count: int) -> None:
        """So many messages are left out before the next: it was slow, or they were forgotten before it came
        to them.  One that reads one key hears only of those that are known to have had it."""

    def cut_off(self, reason: str) -> None:
        """There will be none any more: it was slow, or the channel is closed."""


class Subscription:
    """Gives `subscriber` the messages of `channel` behind a place, and then each as it comes.

    There is no queue for each subscriber: one that does not take messages is behind, and goes on where it was
    when it takes them again, from memory or from the store.

    .. attribute:: position

       The seq of the last message that it was given, or that it does not want.

    .. attribute:: dropped

       How many it has missed; where it reads one key, those that are known to have had it.
    """

    __slots__ = (
        "_channel",
        "_is_closed",
        "_is_current",
        "_is_giving",
        "_is_paused",
        "_key",
        "_later",
        "_left_out",
        "_reading",
        "_subscriber",
        "_was_current",
        "dropped",
        "position",
    )

    def __init__(self, channel: Channel, subscriber: Subscriber, position: int, key: str) -> None:
        self.position = position
        self.dropped = 0
        self._channel = channel
        self._subscriber = subscriber
        self._key = key
        self._is_paused = True
        self._is_closed = False
        self._was_current = False
        self._is_current = False
        self._is_giving = False
        self._reading = False
        self._left_out = 0  # nobody has told the subscriber yet
        self._later: IDelayedCall | None = None

    @property
    def lag(self) -> int:
        """How many messages it is behind."""
        return self._channel.last - self.position

    @property
    def is_slow(self) -> bool:
        """Whether it had come up to the newest message, and is behind by more than it may."""
        return self._was_current and self.lag > self._channel.settings.lag

    def pause(self) -> None:
        """Give it nothing more for now."""
        if not (self._is_paused or self._is_closed):
            self._is_paused = True
            self._is_current = False
            self._channel.is_behind(self)
            self._stop_reading()

    def resume(self) -> None:
        """Undo :meth:`pause`, and begin: nothing is given before the first call."""
        if self._is_paused and not self._is_closed:
            self._is_paused = False
            if not self._is_giving:  # else it goes on behind what it is given now
                self._advance()

    def close(self) -> None:
        """Read no more; nothing is heard from now on."""
        if not self._is_closed:
            self._is_closed = True
            self._stop_reading()
            self._channel.unsubscribed(self)

    # -- for the channel -------------------------------------------------------------------------------

    def take(self, batch: Batch) -> None:
        """What has just come, and follows :attr:`position`."""
        self.position = batch.last
        wanted = batch.of_key(self._key) if self._key else batch
        if wanted is not None:
            self._give(wanted)

    def read_on(self) -> None:
        """What has come is not at hand: read it."""
        self._was_current = self._is_current = False
        self.position = min(self.position, self._channel.last)
        self._channel.is_behind(self)
        self._advance()

    def skip_to(self, position: int) -> None:
        """Leave out what is up to the seq `position`."""
        missed = position - self.position
        if self._key:
            # What has left the memory may have been of any key: to read it for its number alone is too dear.
            at_hand = self._channel.at_hand
            known = at_hand(max(self.position, self._channel.tail.first - 1), missed) or ()
            missed = sum(message.key == self._key for message in known if message.seq <= position)
        self._miss(missed)
        self.position = position

    def cut_off(self, reason: str) -> None:
        """Read no more, and say why."""
        if not self._is_closed:
            self.close()
            try:
                self._subscriber.cut_off(reason)
            except BaseException:  # noqa: BLE001 - nor may it keep the others from hearing theirs
                self._channel.failed(Failure())

    # -- what is past ----------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Give what is next, and see to it that the rest follows."""
        self._later = None
        if self._is_paused or self._is_closed or self._reading:
            return
        channel = self._channel
        if self.position >= channel.last:
            self._was_current = self._is_current = True
            channel.is_current(self)
            return
        batch = channel.batch_at_hand(self.position, AT_A_TIME)
        if batch is None:
            self._read()
            return
        self.take(batch)
        self._go_on()

    def _go_on(self) -> None:
        """Others get their turn first."""
        if not (self._is_paused or self._is_closed) and self._later is None:
            if self.position >= self._channel.last:
                self._advance()
            else:
                self._later = self._channel.clock.callLater(0, self._advance)

    def _read(self) -> None:
        self._reading = True
        position, last = self.position, self._channel.last
        reading = self._channel.store.read(position, AT_A_TIME, self._key)
        reading.addCallbacks(self._have_read, self._cannot_read, callbackArgs=(position, last))
        reading.addErrback(self._failed)

    def _have_read(self, messages: Sequence[Message], position: int, last: int) -> None:
        self._reading = False
        if self._is_closed or self._is_paused:
            return
        if position == self.position:  # else it was made to skip some meanwhile
            if messages:
                if not self._key:
                    self._miss(messages[0].seq - position - 1)
                batch = Batch(messages)
                self.position = batch.last
                self._give(batch)
            else:
                # There was nothing of its key up to the newest, or all of that is forgotten.
                if not self._key:
                    self._miss(last - position)
                self.position = min(last, self._channel.last)  # there may be less than there was
        self._go_on()

    def _cannot_read(self, failure: Failure) -> None:
        self._reading = False
        failure.trap(UnavailableError)
        if not (self._is_closed or self._is_paused):
            self._later = self._channel.clock.callLater(TRIES_AGAIN, self._advance)

    def _stop_reading(self) -> None:
        """What is read now is not wanted: it will be read again."""
        later, self._later = self._later, None
        if later is not None:
            later.cancel()

    def _give(self, batch: Batch) -> None:
        self._channel.counts.delivered += len(batch.messages)
        self._is_giving = True
        try:
            if self._left_out:
                count, self._left_out = self._left_out, 0
                self._subscriber.missed(count)
            self._subscriber.came(batch)
        except BaseException:  # noqa: BLE001 - what one raises must not keep the others from their messages
            self._failed(Failure())
        self._is_giving = False
        if not self._is_current:
            self._go_on()

    def _failed(self, failure: Failure) -> None:
        self._channel.failed(failure)
        self.cut_off("it failed")

    def _miss(self, count: int) -> None:
        self.dropped += count
        self._left_out += count
        self._channel.counts.dropped += count
