"""A client of a service for datagrams."""

from __future__ import annotations

import asyncio
import itertools
from typing import cast

from operations.question import HOST, PATIENCE, Now, Question


class Datagrams(asyncio.DatagramProtocol):
    """One socket; answers are told apart by what they hold, for they may come in any order."""

    def __init__(self, port: int, now: Now) -> None:
        self._port = port
        self._now = now
        self._numbers = itertools.count()
        self._waiting: dict[bytes, Question] = {}
        self._transport: asyncio.DatagramTransport

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, remote_addr=(HOST, self._port))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self._now().opened += 1

    def ask(self) -> None:
        question = Question.number(next(self._numbers), self._now())
        self._waiting[question.text.upper()] = question
        self._transport.sendto(question.text)

    def datagram_received(self, data: bytes, address: object) -> None:
        question = self._waiting.pop(data.partition(b" ")[2], None)
        if question is None:
            self._now().wrong += 1
        else:
            question.hear(data)

    def error_received(self, error: Exception) -> None:
        """The kernel says that nobody listens."""
        self._now().refused += 1

    async def stop(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while self._waiting and loop.time() < until:
            await asyncio.sleep(0.02)
        for question in self._waiting.values():
            question.lose()
        self._transport.close()
