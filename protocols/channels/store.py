"""What keeps the messages of one channel.

A store knows neither subscribers nor limits of theirs: it appends, reads, forgets, hands out, and tells what
has come, whoever published it.  Everything happens in the reactor's thread, as far as its caller can see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

from twisted.internet.defer import Deferred

from protocols.channels.message import Entry, Message, Receipt

if TYPE_CHECKING:
    from typing_extensions import TypeIs

READ_MESSAGES: Final = 512
"""Messages that are read at a time."""

READ_BYTES: Final = 256 * 1024
"""Bytes of bodies that are read at a time, but one message at least: a few writes to a socket."""

Came: TypeAlias = Callable[[Sequence[Message]], object]
"""Hears of messages that are durable: in order, each once, from where it began.

What is told at a time has no gaps; before it there is one where messages were forgotten before they were
heard of.  Without any messages it hears that the store has come to know what it keeps, which it could not
say when it was opened."""

Published: TypeAlias = Sequence[Receipt] | Deferred[Sequence[Receipt]]
"""The receipts, at once or later; one for each entry, in their order."""


def is_later(receipts: Published) -> TypeIs[Deferred[Sequence[Receipt]]]:
    """Whether the receipts are yet to come.  To ask what is a Deferred is slow, for that is an abstract class
    by its typing, and a store that has them at once gives a list."""
    return type(receipts) is not list and isinstance(receipts, Deferred)


class Extent(NamedTuple):
    """What is kept."""

    first: int
    """The seq of the oldest message; one above :attr:`last` if there is none."""
    last: int
    """The seq of the newest there ever was; 0 before the first."""
    messages: int
    octets: int
    """Bytes that they take, in the store's own reckoning."""


class Claim(NamedTuple):
    """A message that one member of a group has, and nobody else for a while."""

    message: Message
    tries: int
    """How often it was handed out, this time too."""
    error: str = ""
    """What was said when it was given back the last time."""


class GroupExtent(NamedTuple):
    """How far a group has come."""

    position: int
    """Everything up to this seq was handed out at least once."""
    claimed: int
    """How many of those are not settled."""
    is_new: bool = False
    """Whether nothing was ever handed out to it, and it was never rewound either."""


class Store(Protocol):
    """The log of one channel.

    What cannot be done now fails with :class:`~protocols.channels.errors.UnavailableError`, and may be tried
    again at any time: a store that comes back does so by itself.
    """

    @property
    def extent(self) -> Extent:
        """As far as it is known here; the last seq is exact as soon as :meth:`open` has fired, unless what
        keeps the messages is not there yet."""

    def open(self, came: Came) -> Deferred[None]:
        """Make it ready; `came` hears of what is published from now on, by whomever.

        What is away, and may be back at any time, is not waited for: `came` hears of it."""

    def close(self) -> Deferred[None]:
        """Finish the publications that it has accepted, and what else it was asked for, and let go: not for
        longer than it has patience with what keeps the messages, and whoever waits for the rest hears that
        it could not be done.  It takes nothing from the moment this is called."""

    @property
    def trouble(self) -> str:
        """What it waits for to be back, and for how long it has, as far as it knows by itself; else empty."""

    def known(self) -> Deferred[None]:
        """Fires as soon as :attr:`extent` says what is kept: at once, but for a store that was away when it
        was opened, and has not been back since.  Fails where that takes too long for whoever waits."""

    def append(self, entries: Sequence[Entry]) -> Published:
        """Publish `entries`, all or none, in this order and without others between them; the receipts come
        once they are durable, and `came` has heard of them.

        Raises :class:`~protocols.channels.errors.UnavailableError` where it is known at once that it cannot.
        """

    def read(self, after: int, most: int = READ_MESSAGES, key: str = "") -> Deferred[Sequence[Message]]:
        """The next messages behind the seq `after`, not more than `most` nor much more than
        :data:`READ_BYTES`; none only if there is none.

        :param key: only those with that key.
        """

    def export(self, after: int, through: int, most: int, key: str = "") -> Deferred[Exported]:
        """The next piece of a history as lines of JSON (:mod:`protocols.channels.message_json`): up to `most`
        messages behind `after` and up to `through`, of about :data:`EXPORT_BYTES`; no octets at the end."""

    def seq_before(self, time: int) -> Deferred[int]:
        """The seq of the last message from before `time`, in milliseconds since the epoch; 0: none."""

    def trim(self, through: int) -> Deferred[int]:
        """Forget everything up to the seq `through`; how many messages that were."""

    def retain(self, since: int, octets: int) -> Deferred[int]:
        """Forget what is older than `since`, in milliseconds since the epoch, and the oldest until not more
        than `octets` are left (0: as many as there are); how many messages that were."""

    def claim(self, group: str, most: int, deadline: float) -> Deferred[Sequence[Claim]]:
        """Up to `most` messages that nobody else of `group` has: first those that are due again, then new
        ones.  They are due again `deadline` seconds from now.  A group that was never heard of begins with
        the oldest message there is."""

    def settle(self, group: str, seqs: Sequence[int]) -> Deferred[int]:
        """They are dealt with, and never handed out again; also if their deadline has passed.  How many of
        them were not settled yet."""

    def give_back(self, group: str, seq: int, error: str, delay: float) -> Deferred[None]:
        """It is to be handed out again, in `delay` seconds at the earliest."""

    def due(self, group: str) -> Deferred[float | None]:
        """Seconds until one of those that are handed out is due again, 0 or more; ``None``: there is none."""

    def rewind(self, group: str, after: int) -> Deferred[None]:
        """Hand out everything behind the seq `after`, as if it never had been."""

    def group(self, name: str) -> Deferred[GroupExtent]:
        """How far it has come."""


EXPORT_BYTES: Final = 1024 * 1024
"""Bytes of a piece of a history: enough that what each piece costs does not matter, and little to hold."""


class Exported(NamedTuple):
    """A piece of a history."""

    octets: bytes
    """Whole lines of JSON, each with its line end."""
    messages: int
    position: int
    """Where the next piece begins: behind this seq."""
