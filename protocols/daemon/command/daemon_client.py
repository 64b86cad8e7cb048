"""A program's end of the control socket: asks, and waits for the answer."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

from protocols.daemon.control.wire import (
    LINE,
    Answer,
    Call,
    Item,
    Message,
    Problem,
    WireError,
    decode,
    encode,
)
from protocols.framing import FramingError, Lines

PATIENCE: Final = 10.0
"""Seconds in which a daemon answers what takes no time; one that does not stands still."""

READ: Final = 65_536
"""Bytes that are read at a time."""


class UnreachableError(Exception):
    """There is no daemon, or it does not answer; the text says what was tried."""


class SilentError(UnreachableError):
    """It does not answer: it is busy, or stands still."""


class RefusedError(Exception):
    """The daemon does not do what was asked; the text says why."""


class DaemonClient:
    """Asks the daemon at the other end of `connection`, one question at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._decoder = Lines("lf", LINE).decoder()
        self._messages: deque[Message] = deque()
        self._last = 0

    @classmethod
    def at(cls, address: str) -> Self:
        """Connected to a path, or to a name in the abstract namespace after a NUL.

        Raises :class:`OSError`.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        connection.settimeout(PATIENCE)
        try:
            connection.connect(address)
        except OSError:
            connection.close()
            raise
        return cls(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def call(self, do: str, /, patience: float | None = PATIENCE, **arguments: Any) -> Any:
        """Ask for one answer, for `patience` seconds; ``None``: for as long as it takes.

        Raises :class:`RefusedError` and :class:`UnreachableError`.
        """
        self._ask(do, patience, arguments)
        return self._reply()

    def follow(self, do: str, /, **arguments: Any) -> Iterator[Any]:
        """Ask for many answers, as they come.  Raises as :meth:`call` does."""
        self._ask(do, None, arguments)
        while (reply := self._received()) is not None:
            yield reply

    def _ask(self, do: str, patience: float | None, arguments: dict[str, Any]) -> None:
        self._last += 1
        self._socket.settimeout(patience)
        try:
            self._socket.sendall(encode(Call(self._last, do, arguments)))
        except OSError as error:
            raise _lost(error) from error

    def _reply(self) -> Any:
        while True:
            message = self._next()
            if message.id == self._last and isinstance(message, Answer):
                return message.value
            if message.id == self._last and isinstance(message, Problem):
                raise RefusedError(message.text)

    def _received(self) -> Any:
        while True:
            message = self._next()
            if message.id != self._last:
                continue
            if isinstance(message, Problem):
                raise RefusedError(message.text)
            return message.value if isinstance(message, Item) else None

    def _next(self) -> Message:
        while not self._messages:
            try:
                data = self._socket.recv(READ)
                if not data:
                    raise UnreachableError(
                        "the daemon has closed the connection: it stops, or has been replaced"
                    )
                self._messages.extend(map(decode, self._decoder.feed(data)))
            except TimeoutError as error:
                text = f"the daemon does not answer within {self._socket.gettimeout():g} s"
                raise SilentError(text) from error
            except OSError as error:
                raise _lost(error) from error
            except (FramingError, WireError) as error:
                raise UnreachableError(f"what answers there is no daemon: {error}") from error
        return self._messages.popleft()


def _lost(error: OSError) -> UnreachableError:
    return UnreachableError(f"the connection to the daemon is lost: {error.strerror or error}")
