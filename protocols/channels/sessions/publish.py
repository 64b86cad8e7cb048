"""Each message of a peer is published."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from protocols.channels.channel import Channel
from protocols.channels.sessions.answers import Answers
from protocols.channels.sessions.direct import direct_publisher
from protocols.channels.sessions.publisher import Publisher
from protocols.channels.sessions.words import err, oks, silence
from protocols.channels.store import Published
from protocols.session import Connection, Peer, Session


class PublishHandler:
    """Publishes in `channel` what peers say.

    Each message is answered once it is durable, in the order of the messages: ``OK`` and its seq, or ``ERR``
    and why it is not published.

    :param reply: whether anything is said at all; to datagrams that may cost their sender nothing it had
        better not be.
    :param key: that of all messages; else the channel says what key they have.
    """

    def __init__(self, channel: Channel, *, reply: bool = True, key: str = "") -> None:
        self.channel = channel
        self.reply = reply
        self.key = key

    def open(self, connection: Connection) -> Session:
        return PublishSession(self, connection)

    @property
    def direct_from(self) -> Callable[[bytes, Peer], object]:
        """Publishes one message (see :class:`~protocols.session.PeerDirectHandler`)."""
        return direct_publisher(self.channel, reply=self.reply, key=self.key)


class PublishSession:
    """One peer that publishes."""

    __slots__ = ("_answers", "_connection", "_publisher", "_reply", "received_many")

    received_many: Callable[[Sequence[bytes], list[bytes]], None]
    """As :meth:`received` for each (see :class:`~protocols.session.BatchSession`)."""

    def __init__(self, handler: PublishHandler, connection: Connection) -> None:
        self._connection = connection
        self._reply = handler.reply
        self._answers = Answers(connection)
        self._publisher = Publisher(
            handler.channel,
            connection,
            self._answers,
            acknowledge=oks if handler.reply else silence,
            complain=err if handler.reply else None,
            key=handler.key,
        )
        self.received_many = self._publisher.publish

    @property
    def busy(self) -> bool:
        """Whether it is not known yet what has become of a message."""
        return bool(self._answers.owed)

    def started(self) -> None:
        """A publisher begins."""

    def received(self, message: bytes) -> None:
        replies: list[bytes] = []
        self._publisher.publish((message,), replies)
        for reply in replies:
            self._connection.send(reply)

    def settle(self, outcome: Published | Exception) -> None:
        """What became of a datagram's message, or will (see :class:`~protocols.session.DirectHandler`)."""
        if isinstance(outcome, Exception):
            self._publisher.unpublished(outcome, 1)
        else:
            self._publisher.follow(outcome, 1, 0)

    def ended(self, error: Exception | None) -> None:
        if error is not None and self._reply:
            self._answers.add([err(error)], is_error=True)
        self._answers.finish(self._connection.close)

    def closed(self, reason: Exception | None) -> None:
        self._answers.drop()

    def pause_writing(self) -> None:
        """A peer that does not read is not read from either, so that no more answers are owed."""

    def resume_writing(self) -> None: ...
