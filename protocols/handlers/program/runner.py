"""Running the programs of one service: so many at a time, and none after it."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet import defer
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.logger import Logger

from protocols.handlers.program.command import Command
from protocols.handlers.program.error_output import ErrorLog
from protocols.handlers.program.process import CLOSE_WAIT, TERM_WAIT, Process
from protocols.roster import Roster

PROCESSES: Final = 16
"""Programs at a time: several per processor, since most wait for something."""

QUEUE: Final = 64
"""Those that wait for one of these to end: a burst of what one page of a site asks for."""

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

    def start(self, command: Command, name: str, stdin: int | None = None) -> Process:
        """Run `command`, called `name` in the log; `stdin` as for :class:`Process`.

        Raises :class:`OSError` and :class:`ValueError` if it cannot be started.
        """
        try:
            process = Process(
                command,
                self._reactor,
                name=f"{self._service}: {name}",
                stdin=stdin,
                errors=self._errors,
            )
        except BaseException:
            self._places.release()
            raise
        process.on_over.append(self._over)
        self.programs.add(process)
        return process

    def stop(self) -> Deferred[None]:
        """End what runs; fires when it has ended, or :data:`STOP_WAIT` has passed."""
        for process in self.programs:
            process.end()
        ended = self.programs.emptied()
        if not ended.called:
            ended.addTimeout(STOP_WAIT, self._reactor, lambda outcome, seconds: None)
        return ended

    def _over(self, process: Process) -> None:
        self.programs.remove(process)
        status = process.status
        if status and not process.ending:
            ended = f"exit status {status}" if status > 0 else f"signal {-status}"
            log.warn("{program}: ended with {ended}", program=process.name, ended=ended)
        self._places.release()
