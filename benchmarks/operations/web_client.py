"""A client of HTTP/1.1 that keeps its connections until it is told to close them (RFC 9112, section 9.6)."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import cast

from operations.line_clients import AGAIN, note_failure
from operations.question import HOST, PATIENCE, Now, Question

REQUEST = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"


class WebConnection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, client: Web) -> None:
        self._client = client
        self._came = b""
        self._question: Question | None = None
        self._is_leaving = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._client.now().opened += 1

    def ask(self, question: Question) -> None:
        self._question = question
        self._transport.write(REQUEST % (self._client.path, len(question.text)) + question.text)

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, end, rest = self._came.partition(b"\r\n\r\n")
        if not end:
            return
        fields = dict(_field(line) for line in head.split(b"\r\n")[1:])
        length = int(fields.get(b"content-length", b"0"))
        if len(rest) < length:
            return
        self._came = rest[length:]
        question, self._question = self._question, None
        if question is None:
            self._client.now().wrong += 1  # a response to nothing
            self.leave()
            return
        question.hear(rest[:length] if head.startswith(b"HTTP/1.1 200 ") else head)
        if fields.get(b"connection", b"").lower() == b"close":
            self._client.now().told += 1
            self.leave()
        else:
            self._client.is_idle(self)

    def leave(self) -> None:
        """Close, which is not the server's doing then."""
        self._is_leaving = True
        self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self._question is not None:
            self._question.lose()
            self._question = None
        if error is not None:
            self._client.now().reset += 1
        elif not self._is_leaving:
            self._client.now().closed += 1
        self._client.has_ended(self)


class Web:
    """A pool of connections; what is due while all are busy waits for the first that is free.

    A request is never sent twice: one whose connection ends without an answer has failed.
    """

    def __init__(self, port: int, connections: int, now: Now, path: bytes = b"/") -> None:
        self.now = now
        self.path = path
        self._port = port
        self._count = connections
        self._numbers = itertools.count()
        self._open: set[WebConnection] = set()
        self._idle: deque[WebConnection] = deque()
        self._due: deque[Question] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def start(self) -> None:
        for _ in range(self._count):
            await self._connect()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(lambda: WebConnection(self), HOST, self._port)
        self._open.add(made)
        self.is_idle(made)

    def ask(self) -> None:
        question = Question.number(next(self._numbers), self.now())
        if self._idle:
            self._idle.popleft().ask(question)
        else:
            self._due.append(question)

    def is_idle(self, connection: WebConnection) -> None:
        """`connection` may be asked again."""
        if self._due:
            connection.ask(self._due.popleft())
        else:
            self._idle.append(connection)

    def has_ended(self, connection: WebConnection) -> None:
        """Open another in its place."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._is_stopping:
            task = asyncio.create_task(self._reopen())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _reopen(self) -> None:
        while not self._is_stopping:
            try:
                await self._connect()
            except OSError as error:
                note_failure(error, self.now)
                await asyncio.sleep(AGAIN)
            else:
                return

    async def stop(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while (self._due or len(self._idle) < len(self._open)) and loop.time() < until:
            if not self._open:
                break  # and nobody lets it in any more
            await asyncio.sleep(0.02)
        self._is_stopping = True
        for task in self._opening:
            task.cancel()
        for question in self._due:
            question.drop()
        for connection in list(self._open):
            connection.leave()
        await asyncio.sleep(0)


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()
