"""One conversation with a function that answers message by message."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from protocols.codec import DecodeError
from protocols.handlers.deadline import CallTimeoutError
from protocols.handlers.items import Items, items_of
from protocols.handlers.processes import Replies
from protocols.handlers.task import Task
from protocols.session import Connection, explain_by

if TYPE_CHECKING:
    from protocols.handlers.function import FunctionHandler


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
        self._busy: Deferred[Any] | Task | None = None
        self._queue: deque[bytes] | tuple[()] = ()  # a deque is large, and most never need one
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
            if not isinstance(self._queue, deque):
                self._queue = deque()
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
        self._queue = ()
        busy, self._busy = self._busy, None
        if busy is not None:
            self._handler.deadlines.end(busy)
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
        if type(value) is bytes:
            self._send(value)
        elif value is None:
            return
        elif type(value) is Task:
            self._wait_for_task(value)
        elif isinstance(value, Deferred):
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

    def _wait_for_task(self, task: Task) -> None:
        """As :meth:`_wait`, for what most async functions are, without the price of a Deferred."""
        self._busy = task
        self._handler.deadlines.begin(task, self._expired)
        task.tell(self._task_ended)

    def _task_ended(self, outcome: Any) -> None:
        if self._closed or self._busy is None:
            return
        self._handler.deadlines.end(self._busy)
        if type(outcome) is Failure:
            self._failed(outcome)
            return
        try:
            self._answered(outcome)
        except BaseException:  # noqa: BLE001 - no carrier is below to catch it
            self._failed(Failure())

    def _expired(self) -> None:
        task, self._busy = self._busy, None
        assert task is not None
        try:
            # First: what hears of the timeout may go on to close what the call still uses.
            task.cancel()
        finally:
            self._fail(CallTimeoutError(self._handler.late))

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
        self._queue = ()
        self._connection.fail(error)

    def _reject(self, error: DecodeError) -> None:
        self._connection.reject(error)
        self._explain(error)

    def _explain(self, error: DecodeError) -> None:
        answer = self._handler.codec.encode_error(error)
        if answer is not None:
            with suppress(ValueError):  # a framing that cannot carry the explanation
                explain_by(self._connection)(answer)

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
