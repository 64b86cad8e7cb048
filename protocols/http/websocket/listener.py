"""The two sides of an open WebSocket: who hears of its messages, and what may be done with it.

A listener is given to :meth:`Endpoint.accept` and hears, in this order::

    opened → received* → ended? → closed

* Messages come whole, in order, and text is valid UTF-8.  After :meth:`Channel.pause` none comes until
  :meth:`Channel.resume`, not even one that was already read; after :meth:`Channel.close` none at all.
* ``ended`` comes at most once, never while the channel is paused, and no message follows it.
* ``closed`` comes exactly once, last.

What a listener raises is logged as its failure, and closes the WebSocket with code 1011.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from protocols.http.websocket.frame_list import FrameList
from protocols.session import Peer


class Channel(Protocol):
    """An open WebSocket, as its listener sees it."""

    @property
    def peer(self) -> Peer:
        """Who is at the other end; its transport is ``ws``, or ``wss`` inside TLS."""

    @property
    def subprotocol(self) -> str | None:
        """What was agreed on in the handshake."""

    def send_text(self, message: bytes) -> None:
        """Send UTF-8, which is not checked here, as a text message.

        What is sent while ``received`` runs leaves in one write when it has returned.  Once the channel is
        closed, by either side, this does nothing; so does :meth:`send_binary`.
        """

    def send_binary(self, message: bytes) -> None:
        """Send a binary message."""

    def send_many(self, several: FrameList) -> None:
        """Send several messages, as :meth:`Endpoint.frames` has made them."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Deliver what has been sent, then close (RFC 6455, section 7); nothing more is received.

        To a peer that has sent its Close already, its own code is the answer.  `reason` has 123 bytes of
        UTF-8 at most.  Raises :class:`ValueError` for a code that may not be sent, or a longer reason.
        """

    def fail(self, error: BaseException) -> None:
        """Say that the listener failed: `error` is logged and counted, and the channel closes (1011)."""

    def abort(self) -> None:
        """Close the connection at once, whatever is still to be sent."""

    def pause(self) -> None:
        """Deliver nothing more, and stop reading from the peer."""

    def resume(self) -> None:
        """Undo :meth:`pause`.  What was held back may be delivered before this returns."""


class Listener(Protocol):
    """Who hears of what comes over a WebSocket."""

    @property
    def batch(self) -> int:
        """How many messages of one read, all text or all binary, it takes in one call."""

    @property
    def busy(self) -> bool:
        """Whether an answer is being made: silence meanwhile is not idleness."""

    def opened(self, channel: Channel) -> None:
        """The WebSocket is open."""

    def received(self, messages: Sequence[bytes], text: bool) -> None:
        """The peer has sent `messages`, between one and ``batch``."""

    def ended(self, code: int, reason: str) -> None:
        """The peer will send nothing more: answer what is owed, then call ``channel.close()``.

        It has sent its Close with `code` (1005: without one) and `reason`, and waits for ours; or the
        service stops (1001).  A peer's Close is answered within :attr:`Settings.close_timeout`, whatever is
        still owed then.
        """

    def closed(self, code: int, reason: str, error: Exception | None) -> None:
        """It is over.

        `code` and `reason` are those of the peer's Close, or of ours if the peer's never came, or 1006 where
        the connection went away without either (RFC 6455, section 7.1.5).  `error` says what went wrong:
        ``None`` after an orderly end.
        """

    def pause_writing(self) -> None:
        """The peer reads slower than this listener sends: send no more than is already under way."""

    def resume_writing(self) -> None:
        """Undo :meth:`pause_writing`."""
