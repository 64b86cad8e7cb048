"""The newest messages of a channel, in memory: what nearly all who read want."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from protocols.channels.batch import Batch
from protocols.channels.message import Message
from protocols.channels.store import READ_BYTES

TAIL_MESSAGES: Final = 4096
"""Messages that are kept in memory: a reader may fall behind so far without reading the store."""

TAIL_BYTES: Final = 4 * 1024 * 1024
"""Bytes of bodies that are kept in memory, of each channel; but one message at least."""

SLICES: Final = 4
"""Pieces of it that are kept as they were read last, with the forms they were brought into: readers that come
at the same time begin at few places, and what they are sent is made and held once for all of them."""

ESCAPED: Final = 6
"""Bytes that a control character takes at most where it is sent: ``\\u0001`` in JSON."""

_CONTROLS: Final = bytes(range(32))

SURPLUS: Final = 4
"""So large a part more may be kept of either: to forget many at a time costs little for each."""


class Tail:
    """The last messages of one channel, without a gap.

    .. attribute:: last

       The seq of the newest message there is, in memory or not.
    """

    def __init__(self, *, messages: int = TAIL_MESSAGES, octets: int = TAIL_BYTES) -> None:
        self.last = 0
        self._messages: list[Message] = []
        self._octets = 0
        self._slices: OrderedDict[tuple[int, int], Batch] = OrderedDict()
        self._least = messages, octets
        self._most_messages = messages + messages // SURPLUS
        self._most_octets = octets + octets // SURPLUS

    @property
    def first(self) -> int:
        """The seq of the oldest that is here; one above :attr:`last` if none is."""
        return self.last - len(self._messages) + 1

    def begin(self, last: int) -> None:
        """What is before is in the store: `last` is the seq of its newest message."""
        self._messages.clear()
        self._slices.clear()
        self._octets = 0
        self.last = last

    def add(self, messages: Sequence[Message]) -> None:
        """`messages` have come; they follow :attr:`last`."""
        if messages[0].seq != self.last + 1:
            raise ValueError(f"message {messages[0].seq} does not follow {self.last}")
        kept = self._messages
        kept += messages
        octets = self._octets
        for message in messages:
            octets += len(message.body)
        self._octets = octets
        self.last += len(messages)
        if octets > self._most_octets or len(kept) > self._most_messages:
            self._forget()

    def _forget(self) -> None:
        """Keep what has to be."""
        kept = self._messages
        messages, octets = self._least
        gone = max(0, len(kept) - messages)
        left = self._octets - sum([len(message.body) for message in kept[:gone]])
        while left > octets and gone < len(kept) - 1:
            left -= len(kept[gone].body)
            gone += 1
        del kept[:gone]
        self._octets = left

    def forget(self, through: int) -> None:
        """What is up to the seq `through` is no more."""
        gone = max(0, through - self.first + 1)
        self._octets -= sum([len(message.body) for message in self._messages[:gone]])
        del self._messages[:gone]
        self._slices.clear()

    def after(self, position: int, most: int) -> list[Message] | None:
        """The next messages behind the seq `position`, up to `most`; ``None`` if some are not here."""
        begin = position + 1 - self.first
        return None if begin < 0 else self._messages[begin : begin + most]

    def slice(self, position: int, most: int) -> Batch | None:
        """The same for sending, as one batch for all who ask at about the same time: something may have come
        behind it since.  Not more than :data:`~protocols.channels.store.READ_BYTES` of bodies as they are
        sent, but one at least; ``None`` if some are not here, or none has come."""
        if position + 1 < self.first:
            return None
        place = position, most
        known = self._slices.get(place)
        if known is not None:
            return known
        found = self.after(position, most)
        if not found:
            return None
        if len(self._slices) >= SLICES:
            self._slices.popitem(last=False)
        batch = self._slices[place] = Batch(_within(found, READ_BYTES))
        return batch


def _within(messages: list[Message], octets: int) -> list[Message]:
    """The first of `messages` that are not more than so many bytes where they are sent; one at least."""
    for count, message in enumerate(messages):
        octets -= _size(message.body)
        if octets < 0:
            return messages[: max(1, count)]
    return messages


def _size(body: bytes) -> int:
    """Bytes that it takes at about most where it is sent."""
    return len(body) + (ESCAPED - 1) * (len(body) - len(body.translate(None, _CONTROLS)))
