"""Tells one peer what has become of what it has said."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.python.failure import Failure

from protocols.channels.errors import ChannelError, RefusedError
from protocols.channels.message import Receipt
from protocols.channels.sessions.answers import Answer, Answers
from protocols.channels.sessions.words import Acknowledge, Complain
from protocols.channels.store import Published, is_later
from protocols.codec import DecodeError
from protocols.session import Connection


class Teller:
    """Has `answers` tell the peer of `connection` what became of each of its messages, once it is durable.

    :param acknowledge: what is said about what was published.
    :param complain: what is said about what was not; ``None``: nothing.
    """

    __slots__ = ("_acknowledge", "_answers", "_complain", "_connection")

    def __init__(
        self,
        connection: Connection,
        answers: Answers,
        *,
        acknowledge: Acknowledge,
        complain: Complain | None,
    ) -> None:
        self._connection = connection
        self._answers = answers
        self._acknowledge = acknowledge
        self._complain = complain

    def follow(self, receipts: Published, messages: int, octets: int) -> None:
        """Say what becomes of so many messages, of so many bytes, once it is known."""
        if not is_later(receipts):
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
