"""Publishes what one peer says."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.channel import Channel
from protocols.channels.errors import ChannelError, RefusedError, UnavailableError
from protocols.channels.message import Entry, Receipt
from protocols.channels.sessions.answers import Answer, Answers
from protocols.channels.sessions.words import Acknowledge, Complain
from protocols.channels.store import Published
from protocols.codec import DecodeError
from protocols.session import Connection, Peer

log = Logger(namespace="polyport")


def sender_of(peer: Peer) -> str:
    """Who it is, as messages have it."""
    return peer.user or str(peer)


class Publisher:
    """Publishes messages of the peer of `connection` in `channel`, and has `answers` tell it what became of
    each, once it is durable.

    :param acknowledge: what is said about what was published.
    :param complain: what is said about what was not; ``None``: nothing.
    """

    __slots__ = ("_acknowledge", "_answers", "_channel", "_complain", "_connection", "_key", "_sender")

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
        self._channel = channel
        self._connection = connection
        self._answers = answers
        self._acknowledge = acknowledge
        self._complain = complain
        self._key = key
        self._sender = sender_of(connection.peer)

    def publish(self, messages: Sequence[bytes], replies: list[bytes]) -> None:
        """Publish `messages`: what is known at once, and may be said at once, is added to `replies`."""
        key, sender, channel = self._key, self._sender, self._channel
        entries = [Entry(message, key, "", sender) for message in messages]
        try:
            receipts = channel.take(channel.check(entries))
        except (RefusedError, DecodeError):
            self._publish_each(entries)
        except UnavailableError as error:
            self.unpublished(error, len(messages))
        else:
            if isinstance(receipts, Deferred) or self._answers.owed:
                self.follow(receipts, len(messages), sum(map(len, messages)))
            else:
                replies += self._acknowledge(receipts)

    def _publish_each(self, entries: Sequence[Entry]) -> None:
        """Publish those of `entries` that the channel takes."""
        for entry in entries:
            try:
                receipts = self._channel.publish([entry])
            except (RefusedError, DecodeError, UnavailableError) as error:
                self.unpublished(error, 1)
            else:
                self.follow(receipts, 1, len(entry.body))

    def follow(self, receipts: Published, messages: int, octets: int) -> None:
        """Say what becomes of so many messages, of so many bytes, once it is known."""
        if not isinstance(receipts, Deferred):
            self._answers.add(self._acknowledge(receipts))
            return
        answer = self._answers.owe(messages, octets)
        receipts.addCallbacks(
            self._published, self._not_published, callbackArgs=(answer,), errbackArgs=(answer,)
        )
        receipts.addErrback(self._broken)

    def unpublished(self, error: Exception, messages: int) -> None:
        """Say why so many messages are not published."""
        self._blame(error)
        self._answers.add(self._words(error, messages), is_error=True)

    def _published(self, receipts: Sequence[Receipt], answer: Answer) -> None:
        answer.given(self._acknowledge(receipts))

    def _not_published(self, failure: Failure, answer: Answer) -> None:
        error = failure.value
        if not isinstance(error, ChannelError | DecodeError):
            failure.raiseException()
        self._blame(error)
        answer.given(self._words(error, answer.messages), is_error=True)

    def _blame(self, error: Exception) -> None:
        if isinstance(error, RefusedError | DecodeError):  # else it is not the peer's fault
            self._connection.reject(error)

    def _words(self, error: Exception, messages: int) -> list[bytes]:
        return [] if self._complain is None else [self._complain(error)] * messages

    def _broken(self, failure: Failure) -> None:
        assert failure.value is not None
        self._connection.fail(failure.value)


def untold(channel: Channel, receipts: Deferred[Sequence[Receipt]]) -> None:
    """Nobody is told what becomes of what was published in `channel`; it is counted there."""

    def failed(failure: Failure) -> None:
        if not failure.check(ChannelError, DecodeError):
            log.failure("{channel}: could not publish", failure=failure, channel=channel.name)

    receipts.addErrback(failed)
