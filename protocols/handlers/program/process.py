"""One running program."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from protocols.handlers.program.error_output import ErrorLog, ErrorOutput
from protocols.handlers.program.pipes import PipeReader, PipeWriter
from protocols.handlers.program.spawner import Child

CLOSE_WAIT: Final = 1.0
"""Seconds a program has to end once its input and output are closed, before it gets SIGTERM."""

TERM_WAIT: Final = 3.0
"""Seconds it has after that, before SIGKILL."""

LINGER: Final = 5.0
"""Seconds that a program's children may keep its output open, once it has ended, without writing to it."""

log = Logger(namespace="polyport")


class Process:
    """A program that runs in a session, and so a process group, of its own.

    It is over once the program has ended and nobody has its standard output open.  Children that it leaves
    behind live on if they have let go of that; those that keep it are ended after :data:`LINGER`.

    Until then the process is not reaped: its number belongs to it, and signals reach nobody else.

    :param child: the program, which is to be kept until it is reaped.
    :param stdin: our end of its standard input; ``None`` where that is none of ours.
    :param stdout: that of its standard output.
    :param stderr: that of its standard error, if it is to be logged.
    :param name: what it is called in the log.
    :param errors: gets the lines of its standard error.

    .. attribute:: on_over

       What is called with the process once it is over.
    """

    def __init__(
        self,
        child: Child,
        stdin: int | None,
        stdout: int,
        stderr: int | None,
        reactor: Any,
        *,
        name: str,
        errors: ErrorLog,
        close_wait: float = CLOSE_WAIT,
        term_wait: float = TERM_WAIT,
    ) -> None:
        self.name = name
        self.started_at: float = reactor.seconds()
        self.exited = False
        """Whether the program itself has ended."""
        self.ending = False
        """Whether it was told to end."""
        self.status: int | None = None
        """Its exit status once it is over; minus the number of the signal that ended it."""
        self._reactor = reactor
        self._close_wait = close_wait
        self._term_wait = term_wait
        self.on_over: list[Callable[[Process], None]] = []
        self._timer: IDelayedCall | None = None
        self._child = child
        self.pid = child.pid
        child.exited = self._exited
        self._exit_status = 0
        self.stdin = None if stdin is None else PipeWriter(stdin, reactor)
        self.stdout = PipeReader(stdout, reactor)
        self.stdout.on_over = self._go_on
        self._errors = None if stderr is None else ErrorOutput(stderr, reactor, name, errors)
        if self._errors is not None:
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
            self._timer = self._reactor.callLater(self._close_wait, self._terminate)
        self.stdout.close()

    @property
    def _errors_are_over(self) -> bool:
        """Whether nobody has its standard error open."""
        return self._errors is None or self._errors.over

    def _exited(self, status: int) -> None:
        self.exited = True
        self._exit_status = status
        if self.stdin is not None:
            self.stdin.close()
        if self._errors is not None:
            self._errors.drain()
        if not self.ending and not self.stdout.over:
            self._timer = self._reactor.callLater(LINGER, self._lingered)
        elif self.ending and not self._errors_are_over:
            # Somebody is left of its children.
            self._cancel_timer()
            self._terminate()
        self._go_on()

    def _go_on(self) -> None:
        """Something is over; perhaps everything."""
        if self.exited and self.status is None and self.stdout.over:
            if not self.ending:
                self._finish()
            elif self._errors_are_over:
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
        self._timer = self._reactor.callLater(self._term_wait, self._kill)
        self._child.signal(signal.SIGTERM)

    def _kill(self) -> None:
        self._cancel_timer()
        self._child.signal(signal.SIGKILL)
        if self.exited:
            self._finish()

    def _finish(self) -> None:
        self._cancel_timer()
        if self._errors is not None:
            self._errors.on_over = None
            self._errors.close()
        self._child.reap()
        self.status = self._exit_status
        for call in self.on_over:
            call(self)

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
