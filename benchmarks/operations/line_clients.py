"""Clients of a line service: over connections that stay, and over a new one for each question."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import cast

from operations.question import HOST, PATIENCE, Now, Question


class LineConnection(asyncio.Protocol):
    """Lines out, lines in, in the same order.

    :param last: the number of questions after which the client itself closes; 0: never.
    """

    def __init__(self, now: Now, last: int = 0) -> None:
        self._now = now
        self._left = last
        self._rest = b""
        self._waiting: deque[Question] = deque()
        self._transport: asyncio.Transport
        self.is_leaving = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._now().opened += 1

    def ask(self, question: Question) -> None:
        self._waiting.append(question)
        self._transport.write(question.text + b"\n")

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._waiting:
                self._now().wrong += 1  # an answer to nothing
                continue
            self._waiting.popleft().hear(line)
            self._left -= 1
            if self._left == 0:
                self.leave()

    def leave(self) -> None:
        """Close, which is not the server's doing then."""
        self.is_leaving = True
        self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        for question in self._waiting:
            question.lose()
        self._waiting.clear()
        if error is not None:
            self._now().reset += 1
        elif not self.is_leaving:
            self._now().closed += 1
        if not self.ended.done():
            self.ended.set_result(None)

    @property
    def is_quiet(self) -> bool:
        """Whether every answer has come."""
        return not self._waiting


class Lines:
    """Connections that stay, each with as many lines in flight as are due; what ends is opened again."""

    def __init__(self, port: int, connections: int, now: Now) -> None:
        self._port = port
        self._count = connections
        self._now = now
        self._numbers = itertools.count()
        self._open: list[LineConnection] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._is_stopping = False

    async def start(self) -> None:
        for _ in range(self._count):
            self._open.append(await self._connect())
        self._keepers = [asyncio.create_task(self._keep(each)) for each in self._open]

    async def _connect(self) -> LineConnection:
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(lambda: LineConnection(self._now), HOST, self._port)
        return made

    async def _keep(self, connection: LineConnection) -> None:
        while not self._is_stopping:
            await connection.ended
            if connection in self._open:
                self._open.remove(connection)
            if self._is_stopping:
                return
            try:
                connection = await self._connect()
                self._open.append(connection)
            except OSError as error:
                note_failure(error, self._now)
                await asyncio.sleep(AGAIN)

    def ask(self) -> None:
        number = next(self._numbers)
        question = Question.number(number, self._now())
        usable = [each for each in self._open if not each.ended.done()]
        if usable:
            usable[number % len(usable)].ask(question)
        else:
            question.drop()

    async def stop(self) -> None:
        self._is_stopping = True
        until = asyncio.get_running_loop().time() + PATIENCE
        while not all(each.is_quiet for each in self._open) and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.02)
        for connection in self._open:
            connection.leave()
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)


class ShortLines:
    """A connection for each question."""

    def __init__(self, port: int, now: Now) -> None:
        self._port = port
        self._now = now
        self._numbers = itertools.count()
        self._under_way: set[asyncio.Task[None]] = set()
        self._open: set[LineConnection] = set()

    async def start(self) -> None:
        """There is nothing to be ready with."""

    def ask(self) -> None:
        question = Question.number(next(self._numbers), self._now())
        task = asyncio.create_task(self._ask(question))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _ask(self, question: Question) -> None:
        loop = asyncio.get_running_loop()
        connecting = loop.create_connection(lambda: LineConnection(self._now, 1), HOST, self._port)
        try:
            _, made = await asyncio.wait_for(connecting, PATIENCE)
        except OSError as error:
            note_failure(error, self._now)
            question.drop()
            return
        made.ask(question)
        self._open.add(made)
        await made.ended
        self._open.discard(made)

    async def stop(self) -> None:
        until = asyncio.get_running_loop().time() + 2 * PATIENCE
        while self._under_way and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.02)
        for connection in self._open:
            connection.leave()
        await asyncio.gather(*self._under_way)


# Before a place that refused is tried again.
AGAIN = 0.05


def note_failure(error: OSError, now: Now) -> None:
    """Why a connection could not be made."""
    if isinstance(error, ConnectionRefusedError):
        now().refused += 1
    elif not isinstance(error, TimeoutError):
        now().reset += 1
