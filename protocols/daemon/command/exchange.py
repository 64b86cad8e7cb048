"""One run of ``send``: what goes out, what comes back, and when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum

from protocols.client import AsyncClient, ClientError, ClosedError
from protocols.daemon.command.client_words import words_of
from protocols.daemon.command.message_source import Batch, InputError, MessageSource
from protocols.daemon.command.standard_output import OutputClosedError

FAILED = 1
"""Exit status when the exchange did not go as asked."""


class Until(Enum):
    """What ends an exchange for which no number of replies was given."""

    CLOSED = "the server closes"
    ANSWERED = "there is a reply for each message"


@dataclass(frozen=True, slots=True)
class Terms:
    """What was asked for on the command line."""

    server: str
    """The address, for messages."""
    replies: int | None
    """How many to wait for; ``None`` to let `until` decide."""
    until: Until
    counted: bool
    """Whether what is sent are messages, each of which may have a reply."""
    timeout: float
    """Seconds without a reply before giving up; 0 for never."""
    dress: Callable[[bytes], bytes]
    """The message for what was typed.  Raises :class:`ValueError`."""
    show: Callable[[bytes], None]
    """Prints a reply.  Raises :class:`ValueError` or :class:`OutputClosedError`."""
    complain: Callable[[str], None]
    """Says what is wrong."""
    one_by_one: bool = False
    """Whether each message waits for the reply to the one before, as it may have to be repeated."""


class Exchange:
    """Sends what `source` gives through `client`, prints what comes back, and decides about the end."""

    def __init__(self, client: AsyncClient, source: MessageSource, terms: Terms) -> None:
        self._client = client
        self._source = source
        self._terms = terms
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[int] = self._loop.create_future()
        self._status = 0
        self._sent = 0
        self._replies = 0
        self._input_over = False
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> int:
        """The exit status, once it is over and the connection closed."""
        tasks = [asyncio.create_task(self._told(self._send_all()))]
        if not self._terms.one_by_one:
            tasks.append(asyncio.create_task(self._told(self._receive_all())))
        status = FAILED
        try:
            status = await self._end
        finally:
            self._stop_timer()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._client.close(linger=status == 0)
        return status

    async def _told(self, work: Coroutine[object, object, None]) -> None:
        """Do `work`, whose failure is the end of all."""
        try:
            await work
        except OutputClosedError:
            self._finish()
        except ClientError as error:
            self._fail(words_of(error))
        except InputError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - raised again by run()
            if not self._end.done():
                self._end.set_exception(error)

    # -- what goes out -------------------------------------------------------------------------------

    async def _send_all(self) -> None:
        try:
            while (batch := await self._next_batch()) is not None:
                for typed in batch:
                    await self._send(typed)
        except ClosedError:
            return  # by the server: what is received last tells
        self._input_over = True
        if self._terms.replies is None and self._terms.until is Until.CLOSED:
            await self._client.end_sending()
        self._restart_timer()
        self._finish_if_answered()

    async def _next_batch(self) -> Batch:
        """What was typed; a person may take as long as they like."""
        read: asyncio.Future[Batch | InputError] = self._loop.create_future()

        def deliver(batch: Batch | InputError) -> None:
            if not read.done():
                read.set_result(batch)

        self._source.read(deliver)
        batch = await read
        if isinstance(batch, InputError):
            raise batch
        return batch

    async def _send(self, typed: bytes) -> None:
        self._sent += 1
        try:
            message = self._terms.dress(typed)
            if self._terms.one_by_one:
                self._received(await self._client.ask(message, bytes))
            else:
                await self._client.send(message)
        except ValueError as error:
            # The other messages are as good as before.
            self._sent -= 1
            self._terms.complain(f"not sent: {error}")
            self._status = FAILED

    # -- what comes back -----------------------------------------------------------------------------

    async def _receive_all(self) -> None:
        async for message in self._client.messages(bytes):
            self._received(message)
        self._closed()

    def _received(self, message: bytes) -> None:
        if self._end.done():
            return
        self._replies += 1
        try:
            self._terms.show(message)
        except ValueError as error:
            self._fail(f"reply {self._replies} is {error}")
            return
        self._restart_timer()
        self._finish_if_answered()

    def _closed(self) -> None:
        """Nothing more will come."""
        wanted = self._wanted()
        if wanted is not None and self._replies < wanted:
            self._fail(f"{self._terms.server} closed after {self._replies} of {_counted(wanted)}")
            return
        if wanted is None and self._terms.counted and self._replies < self._sent and not self._end.done():
            # No failure: a function may say nothing to a message.  But a person will wonder.
            closed = f"{self._terms.server} closed after {_counted(self._replies)}"
            self._terms.complain(f"{closed} to {_messages(self._sent)}")
        self._finish()

    # -- the end -------------------------------------------------------------------------------------

    def _wanted(self) -> int | None:
        """How many replies end this; ``None`` if none does."""
        if self._terms.replies is not None:
            return self._terms.replies
        return self._sent if self._terms.until is Until.ANSWERED else None

    def _finish_if_answered(self) -> None:
        wanted = self._wanted()
        # A number that was asked for ends it also while there is input; 0 is for sending only.
        may_end = self._input_over or bool(self._terms.replies)
        if wanted is not None and self._replies >= wanted and may_end:
            self._finish()

    def _fail(self, text: str) -> None:
        if not self._end.done():
            self._terms.complain(text)
            self._finish(FAILED)

    def _finish(self, status: int = 0) -> None:
        if not self._end.done():
            self._end.set_result(self._status or status)

    # -- time ----------------------------------------------------------------------------------------

    def _restart_timer(self) -> None:
        """While there is input nobody is hurried, and sending has a time of its own."""
        self._stop_timer()
        if self._input_over and self._terms.timeout and not self._end.done():
            self._timer = self._loop.call_later(self._terms.timeout, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _give_up(self) -> None:
        so_far = f" ({_counted(self._replies)} before that)" if self._replies else ""
        self._fail(f"nothing came from {self._terms.server} for {self._terms.timeout:g} s{so_far}")


def _messages(number: int) -> str:
    return f"{number} {'message' if number == 1 else 'messages'}"


def _counted(replies: int) -> str:
    return f"{replies} {'reply' if replies == 1 else 'replies'}"
