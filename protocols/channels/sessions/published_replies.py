"""What a handler answers is published, and its peer told so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from protocols.channels.channel import Channel
from protocols.channels.sessions.answers import Answers
from protocols.channels.sessions.direct import direct_publisher
from protocols.channels.sessions.publisher import Publisher
from protocols.channels.sessions.words import err, oks, silence
from protocols.channels.store import Published
from protocols.session import Connection, Handler, Peer, Session


class PublishedReplies:
    """Publishes in `channel` what `handler` answers, as said by the peer that it answers.

    The peer hears what a publisher hears: ``OK`` and the seq once it is durable, for each answer, or ``ERR``
    and why not; and ``ERR`` for a message that `handler` does not take.

    :param reply: whether anything is said at all.
    """

    def __init__(self, handler: Handler, channel: Channel, *, reply: bool = True) -> None:
        self.handler = handler
        self.channel = channel
        self.reply = reply

    def open(self, connection: Connection) -> Session:
        return RepliesSession(self, connection)

    @property
    def direct_from(self) -> Callable[[bytes, Peer], object] | None:
        """Answers one message (see :class:`~protocols.session.PeerDirectHandler`), where `handler` can."""
        direct: Callable[[bytes], object] | None = getattr(self.handler, "direct", None)
        if direct is None:
            return None
        publish = direct_publisher(self.channel, reply=self.reply)

        def answer(message: bytes, peer: Peer) -> object:
            value = direct(message)
            if type(value) is bytes:
                return publish(value, peer)
            return None if value is None else Unsettled(value)

        return answer


class Unsettled:
    """What a direct handler gave that is no reply yet."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


class RepliesSession:
    """A :class:`~protocols.session.Connection` for the session of a handler, and itself the
    :class:`~protocols.session.Session` of the connection that it is on."""

    received_many: Callable[[Sequence[bytes], list[bytes]], None]
    """Only where the handler's session has it (see :class:`~protocols.session.BatchSession`)."""

    def __init__(self, handler: PublishedReplies, connection: Connection) -> None:
        self.peer = connection.peer
        self._replies: list[bytes] = []  # to a batch, not published yet
        self._connection = connection
        self._is_paused = False  # by the session
        self._is_full = False  # of answers that are owed
        self._is_blocked = False  # by the peer, who does not read
        self._is_closing = False
        self._complain = err if handler.reply else None
        self._answers = Answers(connection, pause=self._fill, resume=self._drain)
        self._publisher = Publisher(
            handler.channel,
            connection,
            self._answers,
            acknowledge=oks if handler.reply else silence,
            complain=self._complain,
        )
        self._session: Any = handler.handler.open(self)
        self._many: Any = getattr(self._session, "received_many", None)
        if self._many is not None:
            self.received_many = self._received_many

    # -- the carrier's side (Session) ------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        return bool(self._answers.owed) or getattr(self._session, "busy", False)

    def started(self) -> None:
        self._session.started()

    def received(self, message: bytes) -> None:
        if not self._is_closing:
            self._session.received(message)

    def _received_many(self, messages: Sequence[bytes], replies: list[bytes]) -> None:
        if self._is_closing:
            return
        published = self._replies
        try:
            self._many(messages, published)
        finally:
            if published:
                self._replies = []
                self._publisher.publish(published, replies)

    def settle(self, value: object) -> None:
        """What a datagram's message was answered with (see :class:`~protocols.session.DirectHandler`)."""
        if isinstance(value, Unsettled):
            self._session.settle(value.value)
        elif isinstance(value, Exception):
            self._publisher.unpublished(value, 1)
        else:
            self._publisher.follow(cast("Published", value), 1, 0)

    def ended(self, error: Exception | None) -> None:
        if error is not None:
            self._tell(error)
        if not self._is_closing:
            self._session.ended(error)

    def closed(self, reason: Exception | None) -> None:
        self._is_closing = True
        self._answers.drop()
        self._session.closed(reason)

    def pause_writing(self) -> None:
        self._is_blocked = True
        if not self._is_full:
            self._session.pause_writing()

    def resume_writing(self) -> None:
        self._is_blocked = False
        if not self._is_full:
            self._session.resume_writing()

    # -- the handler's side (Connection) ---------------------------------------------------------------

    def send(self, message: bytes) -> None:
        """Publish `message`."""
        if not self._is_closing:
            self._gather()
            self._publish((message,))

    def send_many(self, messages: Sequence[bytes]) -> None:
        """Publish `messages`."""
        if not self._is_closing:
            self._gather()
            self._publish(messages)

    def explain(self, message: bytes) -> None:
        """What a session has to say about a bad message is no reply; the peer is told as publishers are."""

    def close(self) -> None:
        """Close once the peer knows what has become of everything."""
        if not self._is_closing:
            self._gather()
            self._is_closing = True
            if self._answers.owed:
                self._connection.pause()
            self._answers.finish(self._connection.close)

    def fail(self, error: BaseException) -> None:
        """Log and count the handler's `error`, then close."""
        self._gather()
        self._is_closing = True
        self._connection.fail(error)

    def reject(self, error: Exception) -> None:
        """Note that the peer sent a bad message, and tell it."""
        self._gather()
        self._connection.reject(error)
        self._tell(error)

    def pause(self) -> None:
        """Deliver nothing more until :meth:`resume`."""
        self._is_paused = True
        self._connection.pause()

    def resume(self) -> None:
        """Undo :meth:`pause`."""
        self._is_paused = False
        if not (self._is_full or self._is_closing):
            self._connection.resume()

    def _gather(self) -> None:
        """Publish what is left of a batch."""
        if self._replies:
            replies = tuple(self._replies)
            self._replies.clear()  # in place: the session may be adding to it
            self._publish(replies)

    def _publish(self, messages: Sequence[bytes]) -> None:
        told: list[bytes] = []
        self._publisher.publish(messages, told)
        if told:
            self._answers.add(told)

    def _tell(self, error: Exception) -> None:
        if self._complain is not None:
            self._answers.add([self._complain(error)], is_error=True)

    # -- too many answers are owed ---------------------------------------------------------------------

    def _fill(self) -> None:
        self._is_full = True
        self._connection.pause()
        if not self._is_blocked:
            self._session.pause_writing()

    def _drain(self) -> None:
        self._is_full = False
        if not self._is_blocked:
            self._session.resume_writing()
        if not (self._is_paused or self._is_closing):
            self._connection.resume()
