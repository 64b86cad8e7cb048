"""Publishes what one peer says."""

from __future__ import annotations

from collections.abc import Sequence

from protocols.channels.channel import Channel
from protocols.channels.errors import RefusedError, UnavailableError
from protocols.channels.message import Entry
from protocols.channels.sender import sender_of
from protocols.channels.sessions.answers import Answers
from protocols.channels.sessions.teller import Teller
from protocols.channels.sessions.words import Acknowledge, Complain
from protocols.codec import DecodeError
from protocols.session import Connection

_new = tuple.__new__  # what a named tuple does to be made, without its names


class Publisher(Teller):
    """Publishes messages of the peer of `connection` in `channel`, and tells it.

    :param key: that of all messages; else the channel says what key they have.
    """

    __slots__ = ("_channel", "_check", "_rest", "_take")

    def __init__(
        self,
        channel: Channel,
        connection: Connection,
        answers: Answers,
        *,
        acknowledge: Acknowledge,
        complain: Complain | None,
        key: str = "",
    ) -> None:
        super().__init__(connection, answers, acknowledge=acknowledge, complain=complain)
        self._channel = channel
        self._check = channel.check
        self._take = channel.take
        # What all of its entries have behind their bodies.
        self._rest = Entry(b"", key, sender=sender_of(connection.peer))[1:]

    def publish(self, messages: Sequence[bytes], replies: list[bytes]) -> None:
        """Publish `messages`: what is known at once, and may be said at once, is added to `replies`."""
        rest = self._rest
        entries: list[Entry] = []
        for message in messages:  # mostly one, for which this costs less than to comprehend it
            entries.append(_new(Entry, (message,) + rest))  # noqa: RUF005
        try:
            receipts = self._take(self._check(entries))
        except (RefusedError, DecodeError):
            self._publish_each(entries)
        except UnavailableError as error:
            self.unpublished(error, len(messages))
        else:
            if type(receipts) is list and not self._answers.owed:
                replies += self._acknowledge(receipts)
            else:
                self.follow(receipts, len(messages), sum(map(len, messages)))

    def _publish_each(self, entries: Sequence[Entry]) -> None:
        """Publish those of `entries` that the channel takes."""
        for entry in entries:
            try:
                receipts = self._channel.publish([entry])
            except (RefusedError, DecodeError, UnavailableError) as error:
                self.unpublished(error, 1)
            else:
                self.follow(receipts, 1, len(entry.body))
