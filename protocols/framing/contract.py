"""What every framing offers, and the one error it raises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class FramingError(Exception):
    """The peer's bytes are not framed as they should be; nothing after them can be trusted.

    ``messages`` holds the whole messages that were cut out of the same bytes before the fault, so
    that an error never costs the peer what it said before.
    """

    def __init__(self, message: str, messages: Sequence[bytes] = ()) -> None:
        super().__init__(message)
        self.messages = tuple(messages)


class Decoder(Protocol):
    """The receiving half of one connection: bytes in, messages out."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes and return the messages they complete, in order.

        Raises :class:`FramingError`; the decoder must not be fed again after that.
        """

    def finish(self) -> None:
        """The stream has ended.  Raises :class:`FramingError` if it ended inside a message."""

    @property
    def partial(self) -> int:
        """Bytes held of a message that is not complete yet."""


class Framing(Protocol):
    """How bytes become messages, and messages bytes.  Immutable; one serves all connections."""

    def decoder(self) -> Decoder:
        """A fresh decoder for one connection."""

    def encode(self, message: bytes) -> bytes:
        """The bytes that carry `message`.

        Raises :class:`ValueError` if this framing cannot carry it (a line with a line ending inside,
        a length that does not fit its prefix), so that one message can never read as two.
        """

    def encode_all(self, messages: Sequence[bytes]) -> bytes:
        """The bytes that carry `messages`, one after the other.  Raises :class:`ValueError` too."""


class EachByItself:
    """The :meth:`Framing.encode_all` of framings that have no quicker way."""

    __slots__ = ()

    def encode(self, message: bytes) -> bytes:
        """As :meth:`Framing.encode`."""
        raise NotImplementedError

    def encode_all(self, messages: Sequence[bytes]) -> bytes:
        """`messages`, each as :meth:`encode` has it, one after the other."""
        return b"".join(map(self.encode, messages))
