"""The handler behind ``listen``: shows each message, and answers as it was told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protocols.daemon.command.standard_output import OutputClosedError
from protocols.session import Connection, Peer, Session


@dataclass(frozen=True, slots=True)
class Answer:
    """What ``listen`` says to each message."""

    echo: bool = False
    """The message itself."""
    reply: bytes | None = None
    """Always this message."""


class Announcer:
    """Shows messages until `count` have come, or whoever reads them has gone (a handler).

    :param show: prints one message; raises :class:`ValueError` or :class:`OutputClosedError`.
    :param count: ``None`` for no end.
    :param finished: called once, when nothing more will be shown.
    """

    def __init__(
        self,
        answer: Answer,
        show: Callable[[Peer, bytes], None],
        complain: Callable[[str], None],
        count: int | None,
        finished: Callable[[], None],
    ) -> None:
        self._answer = answer
        self._show = show
        self._complain = complain
        self._left = count
        self._finished = finished
        self._over = False
        self.heard: Callable[[], None] = lambda: None
        """Called for each message."""

    def open(self, connection: Connection) -> Session:
        return _Announced(self, connection)

    def received(self, connection: Connection, message: bytes) -> None:
        """Show `message`, and answer it."""
        if self._over:
            return
        self.heard()
        try:
            self._show(connection.peer, message)
        except OutputClosedError:
            self._finish()
            return
        except ValueError as error:
            self._complain(f"{connection.peer}: a message is {error}")
        self._reply(connection, message)
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self._finish()

    def lost(self, peer: Peer, error: Exception) -> None:
        """The bytes of `peer` stopped making sense."""
        if not self._over:
            self._complain(f"{peer}: {error}")

    def _reply(self, connection: Connection, message: bytes) -> None:
        reply = message if self._answer.echo else self._answer.reply
        if reply is None:
            return
        try:
            connection.send(reply)
        except ValueError as error:
            self._complain(f"{connection.peer}: not answered: {error}")

    def _finish(self) -> None:
        self._over = True
        self._finished()


class _Announced:
    def __init__(self, announcer: Announcer, connection: Connection) -> None:
        self._announcer = announcer
        self._connection = connection

    @property
    def busy(self) -> bool:
        return False

    def started(self) -> None:
        """The peer speaks first."""

    def received(self, message: bytes) -> None:
        self._announcer.received(self._connection, message)

    def ended(self, error: Exception | None) -> None:
        if error is not None:
            self._announcer.lost(self._connection.peer, error)
        self._connection.close()

    def closed(self, reason: Exception | None) -> None:
        """Nothing is kept of a conversation."""

    def pause_writing(self) -> None:
        """The carrier delivers nothing more until the peer reads its replies."""

    def resume_writing(self) -> None:
        """Undo :meth:`pause_writing`."""
