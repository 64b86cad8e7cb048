"""One running program."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.handlers.program.error_output import ErrorLog, ErrorOutput
from protocols.handlers.program.pipes import PipeEnd, PipeReader, PipeWriter
from protocols.handlers.program.start import Started

CLOSE_WAIT: Final = 1.0
"""Seconds a program has to end once its input and output are closed, before it gets SIGTERM."""

TERM_WAIT: Final = 3.0
"""Seconds it has after that, before SIGKILL."""

LINGER: Final = 5.0
"""Seconds that a program's children may keep its output open, once it has ended, without writing to it."""

log = Logger(namespace="polyport")


@implementer(IReadDescriptor)
class ExitWatch(PipeEnd):
    """Calls `exited` once the process `pid`, a child of ours, has ended; it is not reaped by that."""

    def __init__(self, pid: int, reactor: Any, exited: Callable[[], None]) -> None:
        super().__init__(os.pidfd_open(pid), reactor)
        self._pid = pid
        self._exited = exited
        reactor.addReader(self)

    def doRead(self) -> None:
        if not self.closed and os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            self._close()
            self._exited()

    def connectionLost(self, reason: Failure) -> None:
        self.doRead()
        if not self.closed:
            self._reactor.addReader(self)


class Process:
    """A program that runs in a session, and so a process group, of its own.

    It is over once the program has ended and nobody has its standard output open.  Children that it leaves
    behind live on if they have let go of that; those that keep it are ended after :data:`LINGER`.

    Until then the process is not reaped: its number belongs to it, and signals reach nobody else.

    :param started: the program.
    :param name: what it is called in the log.
    :param errors: gets the lines of its standard error.

    .. attribute:: on_over

       What is called with the process once it is over.

    Raises :class:`OSError` if it cannot be watched; then it is ended.
    """

    def __init__(self, started: Started, reactor: Any, *, name: str, errors: ErrorLog) -> None:
        self.name = name
        self.started_at: float = reactor.seconds()
        self.exited = False
        """Whether the program itself has ended."""
        self.ending = False
        """Whether it was told to end."""
        self.status: int | None = None
        """Its exit status once it is over; minus the number of the signal that ended it."""
        self._reactor = reactor
        self.on_over: list[Callable[[Process], None]] = []
        self._timer: IDelayedCall | None = None
        self._popen = started.popen
        self.pid = self._popen.pid
        try:
            self._exit = ExitWatch(self.pid, reactor, self._exited)
        except OSError:
            started.undo()
            raise
        self.stdin = None if started.stdin is None else PipeWriter(started.stdin, reactor)
        self.stdout = PipeReader(started.stdout, reactor)
        self.stdout.on_over = self._go_on
        self._errors = ErrorOutput(started.stderr, reactor, name, errors)
        self._errors.on_over = self._go_on

    def end(self) -> None:
        """End it, with all its children: close its input and output, then SIGTERM, then SIGKILL."""
        if self.ending or self.status is not None:
            return
        self.ending = True
        self._cancel_timer()
        if self.stdin is not None:
            self.stdin.close()
        if self.exited:
            self._terminate()
        else:
            self._timer = self._reactor.callLater(CLOSE_WAIT, self._terminate)
        self.stdout.close()

    def _exited(self) -> None:
        self.exited = True
        if self.stdin is not None:
            self.stdin.close()
        self._errors.drain()
        if not self.ending and not self.stdout.over:
            self._timer = self._reactor.callLater(LINGER, self._lingered)
        elif self.ending and not self._errors.over:
            # Somebody is left of its children.
            self._cancel_timer()
            self._terminate()
        self._go_on()

    def _go_on(self) -> None:
        """Something is over; perhaps everything."""
        if self.exited and self.status is None and self.stdout.over:
            if not self.ending:
                self._finish()
            elif self._errors.over:
                # Nobody is left who would hear a polite word.
                self._kill()

    def _lingered(self) -> None:
        self._timer = None
        # A reader who takes no more keeps the output open, too.
        waited = self._reactor.seconds() - self.stdout.changed_at if self.stdout.is_awaited else 0.0
        if waited < LINGER:
            self._timer = self._reactor.callLater(LINGER - waited, self._lingered)
            return
        log.warn(
            "{program}: has ended, but its children keep its output open; ending them", program=self.name
        )
        self.end()

    def _terminate(self) -> None:
        self._timer = self._reactor.callLater(TERM_WAIT, self._kill)
        self._signal(signal.SIGTERM)

    def _kill(self) -> None:
        self._cancel_timer()
        self._signal(signal.SIGKILL)
        if self.exited:
            self._finish()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except OSError as error:  # it may run as somebody else by now
            log.warn("{program}: {signal}: {error}", program=self.name, signal=number.name, error=error)

    def _finish(self) -> None:
        self._cancel_timer()
        self._errors.on_over = None
        self._errors.close()
        self.status = self._popen.wait()
        for call in self.on_over:
            call(self)

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
