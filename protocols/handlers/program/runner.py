"""Running the programs of one service: so many at a time, and none after it."""

from __future__ import annotations

import os
from typing import Any, Final

from twisted.internet import defer
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.handlers.program.command import Command
from protocols.handlers.program.error_output import ErrorLog
from protocols.handlers.program.process import CLOSE_WAIT, TERM_WAIT, Process
from protocols.handlers.program.start import Started, start
from protocols.handlers.threads import ThreadPool
from protocols.roster import Roster

PROCESSES: Final = 16
"""Programs at a time: several per processor, since most wait for something."""

QUEUE: Final = 64
"""Those that wait for one of these to end: a burst of what one page of a site asks for."""

STARTERS: Final = 4
"""Threads that start them; more only stand in line for a processor."""

STOP_WAIT: Final = CLOSE_WAIT + TERM_WAIT + 1.0
"""Seconds after which nobody waits for a program that even SIGKILL does not end."""

log = Logger(namespace="polyport")


class CrowdedError(Exception):
    """As many programs run and wait as may."""


class Runner:
    """Starts programs, `processes` at a time and of no more than `queue` that wait.

    :param service: what stands in front of their names in the log.
    :param patience: seconds that one may wait for its turn.

    .. attribute:: programs

       Those that run.
    """

    def __init__(
        self, service: str, reactor: Any, *, processes: int = PROCESSES, queue: int = QUEUE, patience: float
    ) -> None:
        self._service = service
        self._reactor = reactor
        self._places = DeferredSemaphore(processes)
        self._queue = queue
        self._patience = patience
        self._errors = ErrorLog(reactor)
        self._threads = ThreadPool(reactor, STARTERS, "start")
        self._runs: Roster[object] = Roster()
        self._stopped = False
        self.programs: Roster[Process] = Roster()

    async def turn(self) -> None:
        """Wait until one more may be started; :meth:`start` or :meth:`pass_up` has to follow.

        Raises :class:`CrowdedError` if too many wait, or it takes too long.
        """
        if self._places.tokens == 0 and len(self._places.waiting) >= self._queue:
            raise CrowdedError
        place: Deferred[Any] = self._places.acquire()
        if not place.called:
            place.addTimeout(self._patience, self._reactor)
        try:
            await place
        except defer.TimeoutError:
            raise CrowdedError from None

    def pass_up(self) -> None:
        """Nothing is started after all."""
        self._places.release()

    def start(self, command: Command, name: str, stdin: int | None = None) -> Deferred[Process]:
        """Run `command`, called `name` in the log.

        :param stdin: where its input comes from: ``None`` for a pipe, ``subprocess.DEVNULL``, or a
            descriptor, which it shares.

        Fails with :class:`OSError` and :class:`ValueError` if it cannot be started; cancelling ends it.
        """
        waiting: Deferred[Process] = Deferred(lambda _: None)
        run = object()
        self._runs.add(run)

        def made(started: Started) -> None:
            process = Process(started, self._reactor, name=f"{self._service}: {name}", errors=self._errors)
            self.programs.add(process)
            process.on_over += [self._over, lambda _: self._release(run)]
            if self._stopped or waiting.called:
                process.end()
            if not waiting.called:
                waiting.callback(process)

        def failed(failure: Failure) -> None:
            self._release(run)
            if not waiting.called:
                waiting.errback(failure)

        try:
            shared = os.dup(stdin) if stdin is not None and stdin >= 0 else stdin
        except OSError:
            failed(Failure())
        else:
            # The call itself is never cancelled: nobody would know of what it has started.
            self._threads.call(start, command, shared).addCallback(made).addErrback(failed)
        return waiting

    def idle(self) -> Deferred[None]:
        """Fires when nothing runs."""
        return self._runs.emptied()

    def stop(self) -> Deferred[None]:
        """End what runs; fires when it has ended, or :data:`STOP_WAIT` has passed."""
        self._stopped = True
        for process in self.programs:
            process.end()
        self._threads.stop()
        ended = self.idle()
        if not ended.called:
            ended.addTimeout(STOP_WAIT, self._reactor, lambda outcome, seconds: None)
        return ended

    def _over(self, process: Process) -> None:
        self.programs.remove(process)
        status = process.status
        if status and not process.ending:
            ended = f"exit status {status}" if status > 0 else f"signal {-status}"
            log.warn("{program}: ended with {ended}", program=process.name, ended=ended)

    def _release(self, run: object) -> None:
        self._runs.remove(run)
        self._places.release()
