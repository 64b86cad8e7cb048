"""A user's function as a handler: lifted once, when it is loaded, then called per message.

The replies keep the order of the messages of one connection: a message that comes while another is
being answered waits, and once enough of them wait the connection is paused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import suppress
from typing import Any, Literal

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from protocols.codec import DecodeError, codec_for
from protocols.handlers.conversation import ConversationSession
from protocols.handlers.coroutines import runner
from protocols.handlers.deadline import limited
from protocols.handlers.items import Items, items_of
from protocols.handlers.processes import ProcessPool, Replies
from protocols.handlers.signature import Signature, name_of, signature_of
from protocols.handlers.threads import WORKERS, ThreadPool
from protocols.session import Connection, Peer, Session

Run = Literal["loop", "threads", "processes"]

TIMEOUT = 30.0
"""Seconds a call may take: longer than people wait, shorter than an idle connection is kept."""

PENDING = 64
"""Messages of one connection that may wait for the one before them; then its peer is not read from."""


class FunctionHandler:
    """Answers messages by calling `function`.

    :param codec: overrides the codec that the message's annotation chooses.
    :param run: where it is called.  By default an ``async def`` runs in the reactor's loop, and a plain
        ``def`` in threads, so that a slow one never stalls the daemon.
    :param workers: threads (:data:`~protocols.handlers.threads.WORKERS`) or processes (one per core).
    :param timeout: seconds a call, or each step of a generator, may take.
    :param pending: messages of one connection that may wait.

    Raises :class:`TypeError` if the function, its annotations and these settings do not fit.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        reactor: Any,
        codec: str | None = None,
        run: Run | None = None,
        workers: int | None = None,
        timeout: float = TIMEOUT,
        pending: int = PENDING,
    ) -> None:
        self.name = name_of(function)
        self.function = function
        self.signature: Signature = signature_of(function)
        self.codec = codec_for(self.signature.message, codec)
        self.timeout = timeout
        self.pending = pending
        self.clock: IReactorTime = reactor
        self.run_coroutine = runner(reactor)
        self.run: Run = run or ("loop" if self.signature.is_async else "threads")
        if self.signature.is_async and self.run != "loop":
            raise TypeError(f"{self.name} is async and runs in the loop; run: {run} is for a plain def")
        if workers is not None and self.run == "loop":
            raise TypeError(f"workers is for run: threads or processes; {self.name} runs in the loop")
        self.threads: ThreadPool | None = None
        self._processes: ProcessPool | None = None
        self._start(reactor, codec, workers)
        wants_peer = self.signature.wants_peer or self._processes is not None
        self.direct = None if wants_peer else self.bind(Peer("none"))
        """What :meth:`bind` gives, where it is the same for every peer."""

    def _start(self, reactor: IReactorFromThreads, codec: str | None, workers: int | None) -> None:
        if self.run == "threads":
            self.threads = ThreadPool(reactor, workers or WORKERS, self.name)
        elif self.run == "processes":
            self._processes = ProcessPool(
                reactor,
                self.function,
                annotation=self.signature.message,
                codec=codec,
                wants_peer=self.signature.wants_peer,
                workers=workers,
            )

    def stop(self) -> None:
        """End the threads or processes; no call is made after this."""
        if self.threads is not None:
            self.threads.stop()
        if self._processes is not None:
            self._processes.stop()

    def open(self, connection: Connection) -> Session:
        if self.signature.kind == "conversation":
            return ConversationSession(
                self.function, connection, self.codec, self.run_coroutine, self.pending, self.clock
            )
        return FunctionSession(self, connection)

    def bind(self, peer: Peer) -> Callable[[bytes], Any]:
        """The function as one conversation with `peer` calls it: from a message to its result.

        The result is ``None``, ``bytes``, :class:`Replies`, a value to encode, a generator or async
        generator of such, or a Deferred of any of them; the call raises
        :class:`~protocols.codec.DecodeError`, or whatever the function raises.
        """
        if self._processes is not None:
            pool = self._processes
            return lambda message: pool.call(message, peer)
        call = self._composed(peer)
        if self.signature.kind == "coroutine":
            run = self.run_coroutine
            return lambda message: run(call(message))
        if self.threads is not None:
            threads = self.threads
            encode = self.codec.encode

            def work(message: bytes) -> Any:
                value = call(message)
                if value is None or isinstance(value, Generator):
                    return value
                return encode(value)

            return lambda message: threads.call(work, message)
        return call

    def _composed(self, peer: Peer) -> Callable[[bytes], Any]:
        """Decoding and calling, with nothing left to decide per message."""
        function = self.function
        if self.codec.name == "bytes":
            if self.signature.wants_peer:
                return lambda message: function(message, peer)
            return function
        decode = self.codec.decode
        if self.signature.wants_peer:
            return lambda message: function(decode(message), peer)
        return lambda message: function(decode(message))

    def limited(self, outcome: Deferred[Any]) -> Deferred[Any]:
        """`outcome`, or ``CallTimeoutError`` once it takes longer than the timeout."""
        message = f"{self.name} did not answer within {self.timeout:g} s"
        return limited(outcome, self.timeout, self.clock, message)


class FunctionSession:
    """One conversation with a function that answers message by message."""

    __slots__ = (
        "_blocked",
        "_busy",
        "_closed",
        "_connection",
        "_end_error",
        "_ended",
        "_going_on",
        "_handler",
        "_invoke",
        "_paused",
        "_queue",
        "_send",
        "_writable",
    )

    def __init__(self, handler: FunctionHandler, connection: Connection) -> None:
        self._handler = handler
        self._connection = connection
        self._send = connection.send
        self._invoke = handler.direct or handler.bind(connection.peer)
        self._busy: Deferred[Any] | None = None
        self._queue: deque[bytes] = deque()
        self._paused = False
        self._ended = False
        self._end_error: Exception | None = None
        self._closed = False
        self._going_on = False
        self._blocked = False
        self._writable: Deferred[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a call is under way; it has a deadline of its own."""
        return self._busy is not None

    def started(self) -> None:
        """A function says nothing before it is asked."""

    def received(self, message: bytes) -> None:
        if self._busy is not None:
            self._queue.append(message)
            if len(self._queue) >= self._handler.pending:
                self._paused = True
                self._connection.pause()
            return
        try:
            value = self._invoke(message)
        except DecodeError as error:
            self._reject(error)
            return
        if type(value) is bytes:
            self._send(value)
        elif value is not None:
            self.settle(value)

    def received_many(self, messages: Sequence[bytes], replies: list[bytes]) -> None:
        """As :meth:`received` for each (see :class:`~protocols.session.BatchSession`)."""
        if self._busy is not None:
            for message in messages:
                self.received(message)
            return
        invoke, add = self._invoke, replies.append
        unread = iter(messages)
        for message in unread:
            try:
                value = invoke(message)
            except DecodeError as error:
                self._reject(error)
                continue
            if type(value) is bytes:
                add(value)
            elif value is not None:
                self.settle(value)
                if self._closed:
                    return
                if self._busy is not None:
                    for rest in unread:
                        self.received(rest)

    def ended(self, error: Exception | None) -> None:
        self._ended = True
        self._end_error = error
        if self._busy is None:
            self._finish()

    def closed(self, reason: Exception | None) -> None:
        self._closed = True
        self._queue.clear()
        busy, self._busy = self._busy, None
        if busy is not None:
            busy.cancel()

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        writable, self._writable = self._writable, None
        if writable is not None:
            writable.callback(None)

    # -- results -------------------------------------------------------------------------------------

    def settle(self, value: Any) -> None:
        """Send what the function gave, now or as it comes (see :class:`~protocols.session.DirectHandler`)."""
        if value is None:
            return
        if isinstance(value, Deferred):
            self._wait(self._handler.limited(value))
        elif isinstance(value, Generator | AsyncGenerator):
            handler = self._handler
            items = items_of(value, handler.codec.encode, handler, self._connection.fail)
            self._wait(handler.run_coroutine(self._pour(items)))
        elif type(value) is Replies:
            for reply in value:
                self._send(reply)
        else:
            self._send(self._handler.codec.encode(value))

    def _wait(self, outcome: Any) -> None:
        """Hold the next messages back until `outcome`, a value or a Deferred, is there."""
        if not isinstance(outcome, Deferred):
            self.settle(outcome)
            return
        self._busy = outcome
        outcome.addCallback(self._answered)
        outcome.addErrback(self._failed)

    def _answered(self, value: Any) -> None:
        if self._closed:
            return
        self._busy = None
        self.settle(value)
        self._go_on()

    def _failed(self, failure: Failure) -> None:
        if self._closed:
            return
        self._busy = None
        error = failure.value
        assert error is not None
        if isinstance(error, DecodeError):
            self._reject(error)
            self._go_on()
        else:
            self._fail(error)

    def _go_on(self) -> None:
        """Answer what has waited, until something has to be waited for again."""
        if self._going_on:
            return  # an answer that came at once, from the loop below
        self._going_on = True
        try:
            while self._queue and self._busy is None and not self._closed:
                self.received(self._queue.popleft())
        except BaseException as failure:  # noqa: BLE001 - no carrier is below to catch it
            self._fail(failure)
        finally:
            self._going_on = False
        if self._busy is None and not self._closed:
            if self._paused:
                self._paused = False
                self._connection.resume()
            if self._ended and self._busy is None:
                self._finish()

    def _fail(self, error: BaseException) -> None:
        self._closed = True  # to this session; the connection follows when all is sent
        self._queue.clear()
        self._connection.fail(error)

    def _reject(self, error: DecodeError) -> None:
        self._connection.reject(error)
        self._explain(error)

    def _explain(self, error: DecodeError) -> None:
        answer = self._handler.codec.encode_error(error)
        if answer is not None:
            with suppress(ValueError):  # a framing that cannot carry the explanation
                self._send(answer)

    def _finish(self) -> None:
        if self._end_error is not None:
            self._explain(DecodeError.malformed(str(self._end_error), "framing"))
        self._connection.close()

    # -- generators ----------------------------------------------------------------------------------

    async def _pour(self, items: Items) -> None:
        """Send what `items` has, as fast as the peer reads."""
        try:
            more = True
            while more:
                taken = items.take()
                batch = await taken if isinstance(taken, Deferred) else taken
                more = batch.more
                for reply in batch.items:
                    self._send(reply)
                await self._until_writable()
                if batch.full and batch is taken:
                    await deferLater(self._handler.clock, 0)
        finally:
            items.close()

    async def _until_writable(self) -> None:
        while self._blocked:
            self._writable = Deferred()
            await self._writable
