"""A client of WebSocket, by the library that everybody uses."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque

from operations.line_clients import AGAIN, note_failure
from operations.question import HOST, PATIENCE, Now, Question
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

# Of this machine's own connections nothing else is to be measured.
PLAIN = {"compression": None, "ping_interval": None, "proxy": None, "open_timeout": 6 * PATIENCE}


class WebSockets:
    """Connections that stay; what ends is opened again."""

    def __init__(self, port: int, connections: int, now: Now) -> None:
        self._url = f"ws://{HOST}:{port}/"
        self._count = connections
        self._now = now
        self._numbers = itertools.count()
        self._waiting: dict[ClientConnection, deque[Question]] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._sending: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def start(self) -> None:
        made = [await self._connect() for _ in range(self._count)]
        self._keepers = [asyncio.create_task(self._keep(each)) for each in made]

    async def _connect(self) -> ClientConnection:
        made = await connect(self._url, **PLAIN)  # type: ignore[arg-type]  # of several types
        self._waiting[made] = deque()
        self._now().opened += 1
        return made

    async def _keep(self, connection: ClientConnection) -> None:
        while True:
            await self._listen(connection)
            while not self._is_stopping:
                try:
                    connection = await self._connect()
                    break
                except (OSError, WebSocketException) as error:
                    note_failure(error if isinstance(error, OSError) else OSError(str(error)), self._now)
                    await asyncio.sleep(AGAIN)
            else:
                return

    async def _listen(self, connection: ClientConnection) -> None:
        waiting = self._waiting[connection]
        try:
            async for message in connection:
                answer = message if isinstance(message, bytes) else message.encode()
                if waiting:
                    waiting.popleft().hear(answer)
                else:
                    self._now().wrong += 1  # an answer to nothing
        except ConnectionClosed:
            pass  # otherwise it ends without an error; the connection knows how
        del self._waiting[connection]
        for question in waiting:
            question.lose()
        if self._is_stopping:
            return
        if connection.protocol.close_rcvd is not None:
            self._now().told += 1
        else:
            self._now().reset += 1

    def ask(self) -> None:
        number = next(self._numbers)
        question = Question.number(number, self._now())
        usable = list(self._waiting)
        if not usable:
            question.drop()
            return
        connection = usable[number % len(usable)]
        self._waiting[connection].append(question)
        task = asyncio.create_task(self._send(connection, question))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, connection: ClientConnection, question: Question) -> None:
        try:
            await connection.send(question.text)
        except ConnectionClosed:
            pass  # whoever listens says what became of it

    async def stop(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while any(self._waiting.values()) and loop.time() < until:
            await asyncio.sleep(0.02)
        self._is_stopping = True
        await asyncio.gather(*(each.close() for each in self._waiting), return_exceptions=True)
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
