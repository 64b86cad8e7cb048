"""One session over one WebSocket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from protocols.http.websocket import Channel, Endpoint
from protocols.http.websocket.codes import NORMAL, REASON, SERVICE_RESTART, TRY_AGAIN_LATER
from protocols.session import Handler, Peer, Session
from protocols.utf8 import is_utf8

BATCH: Final = 16
"""Messages of one read that a session may answer before the size of its replies is looked at."""

NO_TEXT: Final = "a text message cannot carry a reply that is not UTF-8"


class WebSocketConnection:
    """A listener of a WebSocket below, a :class:`~protocols.session.Connection` above.

    :param text: whether replies are text; ``None``: if the message that came last was.
    :param strict: whether a reply that should be text and is not UTF-8 is the handler's fault; else it is
        sent as binary.
    """

    def __init__(self, handler: Handler, endpoint: Endpoint, *, text: bool | None, strict: bool) -> None:
        self.peer = Peer("ws")
        self.batch = 1
        self._handler = handler
        self._endpoint = endpoint
        self._text = bool(text)
        self._follows = text is None
        self._strict = strict
        self._channel: Channel
        self._session: Session | None = None
        self._received_many: Callable[[Sequence[bytes], list[bytes]], None] | None = None
        self._received_as: Callable[[Sequence[bytes], bool], None] | None = None
        self._replies: list[bytes] = []

    # -- the WebSocket's side (Listener) -------------------------------------------------------------

    @property
    def busy(self) -> bool:
        return getattr(self._session, "busy", False)

    def opened(self, channel: Channel) -> None:
        self._channel = channel
        self.peer = channel.peer
        self._session = session = self._handler.open(self)
        self._received_many = getattr(session, "received_many", None)
        self._received_as = getattr(session, "received_as", None)
        if self._received_many is not None or self._received_as is not None:
            self.batch = BATCH
        session.started()

    def received(self, messages: Sequence[bytes], text: bool) -> None:
        session = self._session
        if session is None:
            return
        if self._follows:
            self._text = text
        if self._received_as is not None:
            self._received_as(messages, text)
        elif self._received_many is None:
            session.received(messages[0])
        else:
            endpoint = self._endpoint
            measured = endpoint.journal.counts.messages >= endpoint.measure_at
            begun = endpoint.clock.seconds() if measured else 0.0
            try:
                self._received_many(messages, self._replies)
            finally:
                self._gather()
            if measured and not self.busy:
                endpoint.measured(len(messages), begun)

    def ended(self, code: int, reason: str) -> None:
        if self._session is None:
            self._channel.close()
        else:
            self._session.ended(None)

    def closed(self, code: int, reason: str, error: Exception | None) -> None:
        session, self._session = self._session, None
        self._received_many = self._received_as = None
        if session is not None:
            session.closed(error)

    def pause_writing(self) -> None:
        if self._session is not None:
            self._session.pause_writing()

    def resume_writing(self) -> None:
        if self._session is not None:
            self._session.resume_writing()

    # -- the session's side (Connection) -------------------------------------------------------------

    def send(self, message: bytes) -> None:
        """Send one message (see :class:`~protocols.session.Connection`)."""
        if self._replies:
            self._gather()
        self._send(message)

    def send_many(self, messages: Sequence[bytes]) -> None:
        """Send `messages` (see :class:`~protocols.session.ManyConnection`)."""
        self._send_many(messages, self._text)

    def send_as(self, messages: Sequence[bytes], text: bool) -> None:
        """Send `messages` as text or not (see :class:`~protocols.session.DistinguishingConnection`)."""
        self._send_many(messages, text if self._follows else self._text)

    def _send_many(self, messages: Sequence[bytes], text: bool) -> None:
        if self._replies:
            self._gather()
        several = self._endpoint.frames(messages, text)
        if text and self._strict and not several.all_text:
            raise ValueError(NO_TEXT)
        self._channel.send_many(several)

    def close(self) -> None:
        """Deliver what has been sent, then close."""
        self._gather()
        self._channel.close()

    def dismiss(self, reason: str) -> None:
        """Deliver what has been sent, then close, with `reason`, as far as a Close can hold it (see
        :class:`~protocols.session.DismissingConnection`)."""
        self._close(TRY_AGAIN_LATER, reason)

    def part(self, reason: str, restarting: bool) -> None:
        """Deliver what has been sent, then close, with `reason` (see
        :class:`~protocols.session.PartingConnection`)."""
        self._close(SERVICE_RESTART if restarting else NORMAL, reason)

    def _close(self, code: int, reason: str) -> None:
        self._gather()
        self._channel.close(code, reason.encode()[:REASON].decode(errors="ignore"))

    def fail(self, error: BaseException) -> None:
        """Log and count the handler's `error`, then close."""
        self._gather()
        self._channel.fail(error)

    def reject(self, error: Exception) -> None:
        """Note that the peer sent a bad message."""
        self._endpoint.journal.rejected(self.peer, error)

    def pause(self) -> None:
        """Deliver nothing more until :meth:`resume`."""
        self._channel.pause()

    def resume(self) -> None:
        """Undo :meth:`pause`."""
        self._channel.resume()

    def _send(self, message: bytes) -> None:
        if not self._text:
            self._channel.send_binary(message)
        elif is_utf8(message):
            self._channel.send_text(message)
        elif self._strict:
            raise ValueError(NO_TEXT)
        else:
            self._channel.send_binary(message)

    def _gather(self) -> None:
        """Send the replies of a batch."""
        replies = tuple(self._replies)
        self._replies.clear()  # in place: the session may be adding to it
        for reply in replies:
            self._send(reply)
