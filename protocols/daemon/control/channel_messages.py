"""What is told of the messages of channels, as values that travel as JSON."""

from __future__ import annotations

from base64 import b64decode, b64encode

from protocols.channels.message import Message
from protocols.daemon.control.status_value import Value


class StoredMessage(Value):
    """One message of a channel."""

    seq: int
    time: int
    """When it was taken, in milliseconds since the epoch."""
    base64: str = ""
    """The body (RFC 4648, section 4)."""
    key: str = ""
    id: str = ""
    sender: str = ""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, message: Message) -> StoredMessage:
        """`message` as it is told."""
        seq, time, body, key, name, sender, content_type, headers = message
        return cls(
            seq=seq,
            time=time,
            base64=b64encode(body).decode(),
            key=key,
            id=name,
            sender=sender,
            content_type=content_type,
            headers=headers,
        )

    @property
    def message(self) -> Message:
        """The message itself."""
        body = b64decode(self.base64)
        return Message(
            self.seq, self.time, body, self.key, self.id, self.sender, self.content_type, self.headers
        )


class Page(Value):
    """Some messages in their order."""

    messages: tuple[StoredMessage, ...]
    position: int
    """The next page begins behind this sequence number."""
    first: int
    """The oldest message that there is; one above :attr:`last` if there is none."""
    last: int
    """The newest."""


class Piece(Value):
    """Some of a history."""

    text: str
    """Whole lines of JSON (:mod:`protocols.channels.message_json`); nothing at the end."""
    messages: int
    position: int
    """The next piece begins behind this sequence number."""


class NewMessage(Value):
    """What is to be published."""

    base64: str
    """The body (RFC 4648, section 4)."""
    key: str = ""
    id: str = ""
    content_type: str = ""


class Published(Value):
    """Where a message has its place now."""

    seq: int
    is_new: bool = True
    """Whether it was published now; else there was one with its id."""


class DeadLetter(Value):
    """A message that a group has given up."""

    channel: str
    """The channel of dead letters where it lies."""
    letter: StoredMessage
    group: str = ""
    seq: int = 0
    """Its sequence number in the channel that it comes from; 0: nobody knows."""
    tries: int = 0
    error: str = ""
    """What was said when it was given up."""
