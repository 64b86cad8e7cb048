"""A channel, streamed to whoever connects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from protocols.channels.channel import Channel
from protocols.channels.errors import UnknownError
from protocols.channels.form import FORMS, Form
from protocols.channels.sessions.feed import Feed
from protocols.channels.sessions.member import MemberSession
from protocols.channels.sessions.reader import Reader, is_ours
from protocols.channels.since import Since
from protocols.session import Connection, Session, dismiss_by


class SubscribeHandler:
    """Streams `channel`; what peers say is not listened to, unless they are members of a group.

    :param since: where to begin.
    :param key: only messages of that key.
    :param form: what is sent of each message.  One whose body the carrier cannot carry is sent as JSON, and
        one that it cannot carry as that either is missed.
    :param group: peers share the messages as members of that group, each gets others, and answers to each
        (:class:`~protocols.channels.sessions.member.MemberSession`); it begins where the group has come to,
        with every key.
    """

    def __init__(
        self, channel: Channel, *, since: Since, key: str = "", form: Form = "body", group: str = ""
    ) -> None:
        self.channel = channel
        self.since = since
        self.key = key
        self.form: Form = form
        self.group = group

    def open(self, connection: Connection) -> Session:
        if not self.group:
            return SubscribeSession(self.channel, connection, self.since, self.key, self.form)
        group = self.channel.groups.get(self.group)
        if group is None:
            raise UnknownError(f"{self.channel.name} has no group {self.group!r}")
        return MemberSession(group, connection, self.form)


class SubscribeSession:
    """One peer that reads.

    It is busy for as long as the peer reads: a channel where nothing happens is no reason to close it.
    """

    def __init__(self, channel: Channel, connection: Connection, since: Since, key: str, form: Form) -> None:
        self.connection = connection
        self._since = since
        self._key = key
        self._is_blocked = False
        missed: Callable[[int], None] = self._missed if form == "json" else _say_nothing
        # What comes goes straight to the feed: nothing is decided here for each of thousands of readers.
        self._reader = Reader(channel, Feed(connection, FORMS[form], missed).send, missed, self._over)

    @property
    def busy(self) -> bool:
        return not self._is_blocked

    def started(self) -> None:
        self._reader.begin(self._since, self._key)

    def received(self, message: bytes) -> None:
        """Nobody listens."""

    def received_many(self, messages: Sequence[bytes], replies: list[bytes]) -> None:
        """Nobody listens."""

    def ended(self, error: Exception | None) -> None:
        self._reader.close()
        self.connection.close()

    def closed(self, reason: Exception | None) -> None:
        self._reader.close()

    def pause_writing(self) -> None:
        self._is_blocked = True
        self._reader.pause()

    def resume_writing(self) -> None:
        self._is_blocked = False
        self._reader.resume()

    def _missed(self, count: int) -> None:
        with suppress(ValueError):  # a framing that cannot carry it
            self.connection.send(b'{"missed":%d}' % count)

    def _over(self, error: BaseException) -> None:
        if is_ours(error):
            self.connection.fail(error)
        else:
            dismiss_by(self.connection)(str(error))


def _say_nothing(count: int) -> None:
    """Where everything that is sent is a message, nothing can be said about others."""
