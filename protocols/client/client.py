"""A client for plain scripts: its calls block."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar, overload

from protocols.client.blocking import blocking_opener, blocking_sleep
from protocols.client.conversation import Conversation
from protocols.client.immediate import immediate
from protocols.client.setting_up import Setup
from protocols.client.wire import Seconds

T = TypeVar("T")

AS_USUAL: Final[Any] = object()
"""The timeout that the client was made with."""


class _NoLock:
    """One thread needs none."""

    async def __aenter__(self) -> None:
        """Go in."""

    async def __aexit__(self, *error: object) -> None:
        """Go out."""


class Client:
    """One server, and what was agreed with it.  Made by :func:`protocols.client.connect`; for one thread.

    What goes wrong is a :class:`~protocols.client.errors.ClientError`, but for a value that cannot be said
    (:class:`ValueError`, :class:`TypeError`).
    """

    def __init__(self, setup: Setup) -> None:
        place = setup.terms.place
        opener = blocking_opener(place, setup.context, setup.name)
        self.url = str(place)
        self._values = setup.values
        self._timeout = setup.terms.timeout
        self._conversation = Conversation(setup.terms, opener, blocking_sleep, _NoLock())
        immediate(self._conversation.connect())

    def send(self, value: object) -> None:
        """Send `value` without waiting for a reply."""
        immediate(self._conversation.send(self._values.encode(value)))

    @overload
    def ask(self, value: object, form: type[T], *, timeout: Seconds = ..., repeat: bool = ...) -> T: ...
    @overload
    def ask(self, value: object, form: Any = ..., *, timeout: Seconds = ..., repeat: bool = ...) -> Any: ...
    def ask(
        self, value: object, form: Any = Any, *, timeout: Seconds = AS_USUAL, repeat: bool = False
    ) -> Any:
        """Send `value`, and return its reply as a `form`: any type that pydantic knows.

        :param timeout: seconds to wait for the reply; ``None`` for ever.
        :param repeat: whether `value` may be sent again after the connection was lost, with ``reconnect=``.
        """
        message = self._values.encode(value)
        within = self._timeout if timeout is AS_USUAL else timeout
        return self._values.decode(immediate(self._conversation.ask(message, within, repeat=repeat)), form)

    @overload
    def receive(self, form: type[T], *, timeout: Seconds = ...) -> T: ...
    @overload
    def receive(self, form: Any = ..., *, timeout: Seconds = ...) -> Any: ...
    def receive(self, form: Any = Any, *, timeout: Seconds = AS_USUAL) -> Any:
        """The next message as a `form`.  Raises :class:`EOFError` once the server has closed in order."""
        within = self._timeout if timeout is AS_USUAL else timeout
        message = immediate(self._conversation.receive(within))
        if message is None:
            raise EOFError(f"{self.url} has closed the connection")
        return self._values.decode(message, form)

    @overload
    def messages(self, form: type[T], *, timeout: Seconds = ...) -> Iterator[T]: ...
    @overload
    def messages(self, form: Any = ..., *, timeout: Seconds = ...) -> Iterator[Any]: ...
    def messages(self, form: Any = Any, *, timeout: Seconds = None) -> Iterator[Any]:
        """Each message that comes, as a `form`, until the server closes; with ``reconnect=`` that is no end.

        :param timeout: seconds that may pass between two; ``None``: any time.
        """
        while (message := immediate(self._conversation.receive(timeout))) is not None:
            yield self._values.decode(message, form)

    def __iter__(self) -> Iterator[Any]:
        return self.messages()

    def end_sending(self) -> bool:
        """Say that no more will be sent (half-close); ``False`` where that cannot be said: TLS, datagrams."""
        return immediate(self._conversation.end_sending())

    def close(self) -> None:
        """Close; the server gets a second to read what has no reply yet."""
        immediate(self._conversation.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        immediate(self._conversation.close(linger=error is None))
