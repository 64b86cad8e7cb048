"""One call per connection: the function reads the messages itself, and sends when it likes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Generic, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from protocols.codec import Codec, DecodeError
from protocols.session import Connection, Peer, explain_by

Message = TypeVar("Message")

LEAVING = 5.0
"""Seconds a function may go on when its peer is gone and its reading has ended; then it is cancelled."""


class Conversation(Generic[Message]):
    """A connection, for a function that takes the whole of it::

        async def greet(connection: Conversation[str]) -> None:
            async for name in connection:
                await connection.send(f"hello {name}")

    The connection closes when the function returns.  ``Conversation[str]``, ``Conversation[Order]``
    and so on decode each message as an argument of that type would be; plain ``Conversation`` is of
    ``bytes``.
    """

    def __init__(self, connection: Connection, codec: Codec, pending: int) -> None:
        self.peer: Peer = connection.peer
        self._connection = connection
        self._codec = codec
        self._pending = pending
        self._messages: deque[Any] = deque()
        self._paused = False
        self._over = False
        self._closed = False
        self._reader: Deferred[None] | None = None
        self._writer: Deferred[None] | None = None
        self._blocked = False

    def __aiter__(self) -> Conversation[Message]:
        return self

    async def __anext__(self) -> Message:
        """The next message; the iteration ends when the peer has said its last."""
        while not self._messages:
            if self._over:
                raise StopAsyncIteration
            if self._reader is not None:
                raise RuntimeError("two tasks cannot read one conversation at a time")
            self._reader = Deferred(lambda _: self._forget_reader())
            await self._reader
        message: Message = self._messages.popleft()
        if self._paused and not self._messages:
            self._paused = False
            self._connection.resume()
        return message

    async def send(self, message: object) -> None:
        """Send one message, encoded as a function's result would be.

        Returns when the peer is ready for more; raises :class:`ConnectionResetError` once it is gone.
        """
        if self._closed:
            raise ConnectionResetError(f"{self.peer} is gone")
        self._connection.send(message if type(message) is bytes else self._codec.encode(message))
        while self._blocked and not self._closed:
            if self._writer is None:
                self._writer = Deferred()
            await _shared(self._writer)

    def close(self) -> None:
        """Close the connection once everything sent has been delivered."""
        self._over = True
        self._connection.close()

    def _forget_reader(self) -> None:
        self._reader = None

    def _wake_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.callback(None)

    def _wake_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.callback(None)


def _shared(deferred: Deferred[None]) -> Deferred[None]:
    """A Deferred that fires with `deferred`, whose cancelling leaves `deferred` to its other waiters."""
    own: Deferred[None] = Deferred()
    deferred.addCallback(lambda _: None if own.called else own.callback(None))
    return own


class ConversationSession:
    """Feeds a :class:`Conversation` from a connection, and closes it when its function returns."""

    def __init__(
        self,
        function: Callable[[Conversation[Any]], Coroutine[Any, Any, Any]],
        connection: Connection,
        codec: Codec,
        run: Callable[[Coroutine[Any, Any, Any]], Any],
        pending: int,
        clock: IReactorTime,
    ) -> None:
        self._clock = clock
        self._connection = connection
        self._codec = codec
        self._conversation: Conversation[Any] = Conversation(connection, codec, pending)
        self._running: Deferred[Any] | None = None
        self._function = function
        self._run = run

    @property
    def busy(self) -> bool:
        return False  # it may wait for ever without answering anything

    def started(self) -> None:
        outcome = self._run(self._function(self._conversation))
        if isinstance(outcome, Deferred):
            self._running = outcome
            outcome.addCallbacks(self._returned, self._raised)
        else:
            self._connection.close()

    def received(self, message: bytes) -> None:
        conversation = self._conversation
        try:
            value = self._codec.decode(message)
        except DecodeError as error:
            self._connection.reject(error)
            self._explain(error)
            return
        conversation._messages.append(value)
        if len(conversation._messages) >= conversation._pending and not conversation._paused:
            conversation._paused = True
            self._connection.pause()
        conversation._wake_reader()

    def ended(self, error: Exception | None) -> None:
        if error is not None:
            self._explain(DecodeError.malformed(str(error), "framing"))
        self._conversation._over = True
        self._conversation._wake_reader()

    def closed(self, reason: Exception | None) -> None:
        conversation = self._conversation
        conversation._over = conversation._closed = True
        conversation._messages.clear()
        # A function that is reading leaves its loop in order, and has a moment to tidy up; one that waits
        # for something else is told by CancelledError.
        reading = conversation._reader is not None or conversation._writer is not None
        conversation._wake_reader()
        conversation._wake_writer()
        if self._running is not None:
            if reading:
                self._clock.callLater(LEAVING, self._cancel)
            else:
                self._cancel()

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def pause_writing(self) -> None:
        self._conversation._blocked = True

    def resume_writing(self) -> None:
        self._conversation._blocked = False
        self._conversation._wake_writer()

    def _explain(self, error: DecodeError) -> None:
        answer = self._codec.encode_error(error)
        if answer is not None:
            with suppress(ValueError):  # a framing that cannot carry the explanation
                explain_by(self._connection)(answer)

    def _returned(self, _: object) -> None:
        self._running = None
        self._connection.close()

    def _raised(self, failure: Failure) -> None:
        self._running = None
        assert failure.value is not None
        gone = self._conversation._closed
        if not (gone and failure.check(CancelledError, asyncio.CancelledError, ConnectionResetError)):
            self._connection.fail(failure.value)
