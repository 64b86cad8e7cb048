"""A client of a shared program that has a connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IDelayedCall

from protocols.session import Connection, part_by, send_as_by

if TYPE_CHECKING:
    from protocols.handlers.program.shared.instance import Instance
    from protocols.handlers.program.shared.program import SharedProgram

QUIET: Final = 1.0
"""Seconds in which nothing is sent to a client that has shut down its side before it is closed, unless the
program does it sooner: one that minds its clients' ends answers well within them."""


class SharedSession:
    """Between a connection and the process that serves it; a
    :class:`~protocols.handlers.program.shared.client.Client` of that.

    Until there is one nothing is read from it, so nothing has to be kept.
    """

    def __init__(self, program: SharedProgram, connection: Connection) -> None:
        self.connection: Any = connection  # a DuplexConnection perhaps
        self.number = 0
        self._program = program
        self._instance: Instance
        self._send = connection.send
        self._send_as = send_as_by(connection)
        self._timer: IDelayedCall | None = None
        self._sent_at = 0.0
        self._blocked = False
        self._ended = False

    # -- the connection's side -----------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether silence is none of the client's."""
        return self.number == 0 or not self._program.watches_silence

    @property
    def peer(self) -> Any:
        return self.connection.peer

    def started(self) -> None:
        self._instance = self._program.place()
        self._instance.join(self)

    def received(self, message: bytes) -> None:
        self.received_as((message,), None)

    def received_many(self, messages: Sequence[bytes], replies: list[bytes]) -> None:
        self.received_as(messages, None)

    def received_as(self, messages: Sequence[bytes], text: bool | None) -> None:
        """The client has sent `messages`.

        :param text: whether they are text, where what carries them knows.
        """
        number = self.number
        if number:
            self._instance.said(self, self._program.wire.said(number, messages, text))

    def ended(self, error: Exception | None) -> None:
        """The client sends no more.  One that can still read gets what the program owes it."""
        self._ended = True
        if error is not None or not self.number or not hasattr(self.connection, "finish"):
            self.connection.close()
            return
        self._instance.tell(self._program.wire.ended(self.number))
        self._timer = self._program.runner.reactor.callLater(QUIET, self._quiet)

    def closed(self, reason: Exception | None) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._instance.leave(self, "" if reason is None else str(reason))

    def pause_writing(self) -> None:
        self._blocked = True
        if self.number:
            self._instance.tell(self._program.wire.slow(self.number))

    def resume_writing(self) -> None:
        self._blocked = False
        if self.number:
            self._instance.tell(self._program.wire.ready(self.number))

    def _quiet(self) -> None:
        reactor = self._program.runner.reactor
        waited = reactor.seconds() - self._sent_at
        if waited >= QUIET:
            self._timer = None
            self.connection.close()
        else:
            self._timer = reactor.callLater(QUIET - waited, self._quiet)

    # -- the process's side --------------------------------------------------------------------------

    def admitted(self) -> None:
        if self._blocked:
            self._instance.tell(self._program.wire.slow(self.number))
        if self._ended:
            self._instance.tell(self._program.wire.ended(self.number))

    def hold(self) -> None:
        self.connection.pause()

    def release(self) -> None:
        self.connection.resume()

    def send(self, message: bytes, text: bool) -> None:
        if self._ended:
            self._sent_at = self._program.runner.reactor.seconds()
        self._send_as((message,), text)

    def send_many(self, messages: Sequence[bytes], text: bool) -> None:
        if self._ended:
            self._sent_at = self._program.runner.reactor.seconds()
        self._send_as(messages, text)

    def part(self, reason: str, *, restarting: bool = False) -> None:
        part_by(self.connection)(reason, restarting)
