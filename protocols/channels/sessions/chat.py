"""What each says, all hear."""

from __future__ import annotations

from collections.abc import Sequence

from protocols.channels.channel import Channel
from protocols.channels.form import Form
from protocols.channels.sessions.answers import Answers
from protocols.channels.sessions.publisher import Publisher
from protocols.channels.sessions.subscribe import SubscribeSession
from protocols.channels.sessions.words import COMPLAINTS, silence
from protocols.channels.since import Since
from protocols.session import Connection, Session


class ChatHandler:
    """Publishes in `channel` what peers say, and streams it to them, what they have said themselves too: to
    hear it is to know that it is published.

    What is refused is answered, with ``ERR`` and why, or ``{"error": …}`` where `form` is JSON.
    """

    def __init__(self, channel: Channel, *, since: Since, form: Form = "body") -> None:
        self.channel = channel
        self.since = since
        self.form: Form = form

    def open(self, connection: Connection) -> Session:
        return ChatSession(self.channel, connection, self.since, self.form)


class ChatSession(SubscribeSession):
    """One who takes part."""

    def __init__(self, channel: Channel, connection: Connection, since: Since, form: Form) -> None:
        super().__init__(channel, connection, since, "", form)
        self._answers = Answers(connection)
        self._complain = COMPLAINTS[form]
        self._publisher = Publisher(
            channel, connection, self._answers, acknowledge=silence, complain=self._complain
        )

    def received(self, message: bytes) -> None:
        self._publisher.publish((message,), [])

    def received_many(self, messages: Sequence[bytes], replies: list[bytes]) -> None:
        """As :meth:`received` for each (see :class:`~protocols.session.BatchSession`)."""
        self._publisher.publish(messages, replies)

    def ended(self, error: Exception | None) -> None:
        self._reader.close()
        if error is not None:
            self._answers.add([self._complain(error)], is_error=True)
        self._answers.finish(self.connection.close)

    def closed(self, reason: Exception | None) -> None:
        self._answers.drop()
        super().closed(reason)
