"""Messages that programs answer, one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from protocols.handlers.program.invocation import Invocation
from protocols.handlers.program.runner import CrowdedError, Runner
from protocols.session import Connection, ForeseenError, Peer, dismiss_by


class UnfitMessageError(Exception):
    """A message cannot be put to the program; its text says why."""


class Answers(Protocol):
    """What has programs answer messages."""

    def answer(
        self, message: bytes, peer: Peer, local: tuple[str, int], send: Callable[[bytes], None]
    ) -> Awaitable[None]:
        """Have `message` answered, and each reply sent by `send`; over once nothing more comes.

        Raises :class:`~protocols.session.ForeseenError` if the program did not do as it should,
        :class:`CrowdedError` if there is no place for one more message, and :class:`UnfitMessageError`.
        Cancelling ends what is under way.
        """


class MessageProgram:
    """Has `answers` answer each message; those of one connection in their order, one at a time.

    A program that fails closes the connection, as a function that raises does.
    """

    def __init__(self, answers: Answers, invocation: Invocation, runner: Runner) -> None:
        self.answers = answers
        self.invocation = invocation
        self.runner = runner

    def open(self, connection: Connection) -> MessageSession:
        return MessageSession(self, connection)


class MessageSession:
    """One connection, or one datagram."""

    def __init__(self, program: MessageProgram, connection: Connection) -> None:
        self.connection: Any = connection  # a DuplexConnection perhaps
        self._program = program
        self._answering: Deferred[None] | None = None
        self._is_blocked = False
        self._has_answered = False

    @property
    def busy(self) -> bool:
        return self._answering is not None

    def started(self) -> None:
        """Nothing is run before there is a message."""

    def received(self, message: bytes) -> None:
        self.connection.pause()
        local = getattr(self.connection, "local", ("", 0))
        answer = self._program.answers.answer(message, self.connection.peer, local, self.connection.send)
        answering: Deferred[None] = Deferred.fromCoroutine(_awaited(answer))
        self._answering = answering
        answering.addCallbacks(self._answered, self._failed)

    def ended(self, error: Exception | None) -> None:
        self.connection.close()

    def closed(self, reason: Exception | None) -> None:
        answering, self._answering = self._answering, None
        if answering is not None:
            answering.cancel()

    def pause_writing(self) -> None:
        self._is_blocked = True

    def resume_writing(self) -> None:
        self._is_blocked = False
        if self._has_answered:
            self._go_on()

    def _answered(self, nothing: object) -> None:
        if self._answering is None:
            return
        self._has_answered = True
        if not self._is_blocked:
            self._go_on()

    def _go_on(self) -> None:
        self._answering = None
        self._has_answered = False
        self.connection.resume()

    def _failed(self, failure: Failure) -> None:
        if self._answering is None:
            return  # nobody hears of it
        if failure.check(UnfitMessageError):
            self.connection.reject(failure.value)
            self._answered(None)
            return
        self._answering = None
        if failure.check(CrowdedError):
            dismiss_by(self.connection)(self._program.runner.crowd)
        elif failure.check(OSError):
            label = self._program.invocation.label
            self.connection.fail(ForeseenError(f"{label} cannot be started: {failure.getErrorMessage()}"))
        elif not failure.check(CancelledError):
            self.connection.fail(failure.value)


async def _awaited(answer: Awaitable[None]) -> None:
    await answer
