"""A client for asyncio, also inside Polyport's reactor: its calls are awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from protocols.client.asyncio_wires import asyncio_opener
from protocols.client.client import AS_USUAL
from protocols.client.conversation import Conversation
from protocols.client.setting_up import Setup
from protocols.client.wire import Seconds

T = TypeVar("T")


class AsyncClient:
    """As :class:`~protocols.client.client.Client`, for any number of tasks of one event loop.

    Made by :func:`protocols.client.connect_async`.  Tasks that ask wait for one another; beside a task that
    iterates, others may send, but not ask.
    """

    def __init__(self, setup: Setup) -> None:
        place = setup.terms.place
        opener = asyncio_opener(place, setup.context, setup.name)
        self.url = str(place)
        self._values = setup.values
        self._timeout = setup.terms.timeout
        self._conversation = Conversation(setup.terms, opener, asyncio.sleep, asyncio.Lock())
        self._sending = asyncio.Lock()
        self._receiving = asyncio.Lock()

    async def connect(self) -> Self:
        """Connect, which :func:`protocols.client.connect_async` has done already."""
        await self._conversation.connect()
        return self

    async def send(self, value: object) -> None:
        """Send `value` without waiting for a reply; waits while the server does not read."""
        message = self._values.encode(value)
        async with self._sending:
            await self._conversation.send(message)

    @overload
    async def ask(self, value: object, form: type[T], *, timeout: Seconds = ..., repeat: bool = ...) -> T: ...
    @overload
    async def ask(
        self, value: object, form: Any = ..., *, timeout: Seconds = ..., repeat: bool = ...
    ) -> Any: ...
    async def ask(
        self, value: object, form: Any = Any, *, timeout: Seconds = AS_USUAL, repeat: bool = False
    ) -> Any:
        """As :meth:`Client.ask <protocols.client.client.Client.ask>`."""
        message = self._values.encode(value)
        within = self._timeout if timeout is AS_USUAL else timeout
        async with self._receiving, self._sending:
            reply = await self._conversation.ask(message, within, repeat=repeat)
        return self._values.decode(reply, form)

    @overload
    async def receive(self, form: type[T], *, timeout: Seconds = ...) -> T: ...
    @overload
    async def receive(self, form: Any = ..., *, timeout: Seconds = ...) -> Any: ...
    async def receive(self, form: Any = Any, *, timeout: Seconds = AS_USUAL) -> Any:
        """The next message as a `form`.  Raises :class:`EOFError` once the server has closed in order."""
        message = await self._next(self._timeout if timeout is AS_USUAL else timeout)
        if message is None:
            raise EOFError(f"{self.url} has closed the connection")
        return self._values.decode(message, form)

    @overload
    def messages(self, form: type[T], *, timeout: Seconds = ...) -> AsyncIterator[T]: ...
    @overload
    def messages(self, form: Any = ..., *, timeout: Seconds = ...) -> AsyncIterator[Any]: ...
    async def messages(self, form: Any = Any, *, timeout: Seconds = None) -> AsyncIterator[Any]:
        """As :meth:`Client.messages <protocols.client.client.Client.messages>`."""
        while (message := await self._next(timeout)) is not None:
            yield self._values.decode(message, form)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self.messages()

    async def _next(self, within: Seconds) -> bytes | None:
        async with self._receiving:
            return await self._conversation.receive(within)

    async def end_sending(self) -> bool:
        """As :meth:`Client.end_sending <protocols.client.client.Client.end_sending>`."""
        async with self._sending:
            return await self._conversation.end_sending()

    async def close(self, *, linger: bool = True) -> None:
        """Close; the server gets a second to read what has no reply yet, unless it is not to `linger`."""
        await self._conversation.close(linger=linger)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close(linger=error is None)


class Connecting:
    """What :func:`protocols.client.connect_async` gives: it connects when awaited, or in ``async with``."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._client: AsyncClient | None = None

    def __await__(self) -> Generator[Any, None, AsyncClient]:
        return AsyncClient(self._setup).connect().__await__()

    async def __aenter__(self) -> AsyncClient:
        self._client = await self
        return self._client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._client is not None
        await self._client.close(linger=error is None)
