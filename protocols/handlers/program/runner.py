"""Running the programs of one service: so many at a time, and none after it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from protocols.handlers.program.command import Command
from protocols.handlers.program.confinement import UNCONFINED, Confinement
from protocols.handlers.program.descriptors import close_all
from protocols.handlers.program.ends import Ends
from protocols.handlers.program.error_output import ErrorLog, ErrorOutput
from protocols.handlers.program.process import CLOSE_WAIT, TERM_WAIT, Process
from protocols.handlers.program.spawner import Child, Spawner
from protocols.handlers.program.standard_error import Errors, standard_error
from protocols.roster import Roster

PROCESSES: Final = 16
"""Programs at a time: several per processor, since most wait for something."""

QUEUE: Final = 64
"""Those that wait for one of these to end: a burst of what one page of a site asks for."""

SPARE: Final = 1.0
"""Seconds beyond its waits after which nobody waits for a program that even SIGKILL does not end."""

log = Logger(namespace="polyport")


class CrowdedError(Exception):
    """As many programs run and wait as may."""


class Runner:
    """Starts programs, `processes` at a time and of no more than `queue` that wait.

    :param service: what stands in front of their names in the log.
    :param patience: seconds that one may wait for its turn.
    :param confinement: what each may, and as whom it runs.
    :param errors: where their standard error goes.
    :param close_wait: seconds one that is to end has for it once its input and output are closed.
    :param term_wait: seconds it has after SIGTERM, before SIGKILL.

    .. attribute:: programs

       Those that run.
    """

    def __init__(
        self,
        service: str,
        reactor: Any,
        *,
        processes: int = PROCESSES,
        queue: int = QUEUE,
        patience: float,
        confinement: Confinement = UNCONFINED,
        errors: Errors = "log",
        close_wait: float = CLOSE_WAIT,
        term_wait: float = TERM_WAIT,
    ) -> None:
        self.service = service
        self.reactor = reactor
        self._free = processes
        self._waiting: deque[Deferred[None]] = deque()
        self._queue = queue
        self._patience = patience
        self._errors_to = errors
        self._close_wait = close_wait
        self.term_wait = term_wait
        self.confinement = confinement
        self._errors = ErrorLog(reactor)
        self.spawner = Spawner(service, reactor, confinement, term_wait)
        self._runs: Roster[object] = Roster()
        self._stopped = False
        self.programs: Roster[Process] = Roster()

    def prepare(self) -> Deferred[None]:
        """Fires when programs can be started; fails with :class:`OSError` if they cannot."""
        return self.spawner.prepare()

    def full_name(self, name: str) -> str:
        """What a program is called in the log, whose own name is `name`."""
        return f"{self.service}: {name}"

    @property
    def crowd(self) -> str:
        """In words, why another one was refused."""
        return f"{self.running} programs run, and {self.waiting} wait for their turn"

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many are started, or about to be."""
        return len(self._runs)

    def take_turn(self) -> bool:
        """Whether one more may be started at once; if so, a start or :meth:`pass_up` has to follow."""
        if self._free:
            self._free -= 1
            return True
        return False

    async def turn(self) -> None:
        """Wait until one more may be started; a start or :meth:`pass_up` has to follow.

        Raises :class:`CrowdedError` if too many wait, or it takes too long.
        """
        if self.take_turn():
            return
        if len(self._waiting) >= self._queue:
            raise CrowdedError
        place: Deferred[None] = Deferred(self._gave_up)
        self._waiting.append(place)
        place.addTimeout(self._patience, self.reactor)
        try:
            await place
        except defer.TimeoutError:
            raise CrowdedError from None

    def _gave_up(self, place: Deferred[None]) -> None:
        self._waiting.remove(place)

    def pass_up(self) -> None:
        """Nothing is started after all, or it has ended."""
        if self._waiting:
            self._waiting.popleft().callback(None)
        else:
            self._free += 1

    def start(self, command: Command, name: str, stdin: int | None = None) -> Deferred[Process]:
        """Run `command`, called `name` in the log.

        :param stdin: where its input comes from: ``None`` for a pipe, ``subprocess.DEVNULL``, or a
            descriptor, which it shares.

        Fails with :class:`OSError` and :class:`ValueError` if it cannot be started; cancelling ends it.
        """
        waiting: Deferred[Process] = Deferred(lambda _: None)
        try:
            ends = Ends(stdin, self._errors_to)
        except OSError:
            self.pass_up()
            waiting.errback()
            return waiting

        def started(child: Child) -> None:
            process = Process(
                child,
                *(ends.stdin, ends.stdout, ends.stderr, self.reactor),
                name=self.full_name(name),
                errors=self._errors,
                close_wait=self._close_wait,
                term_wait=self.term_wait,
            )
            self.programs.add(process)
            process.on_over += [self._over, lambda _: self._release(ends)]
            if self._stopped or waiting.called:
                process.end()
            if not waiting.called:
                waiting.callback(process)

        def failed(error: OSError) -> None:
            ends.close()
            self._release(ends)
            if not waiting.called:
                waiting.errback(error)

        self._runs.add(ends)
        self.spawner.start(
            command, ends.theirs, ends.places, started=started, failed=failed, exited=_unheard, kept=True
        )
        return waiting

    def hand(
        self,
        command: Command,
        name: str,
        descriptors: Sequence[int],
        places: tuple[tuple[int, ...], ...],
        *,
        started: Callable[[Child], None],
        failed: Callable[[OSError], None],
        exited: Callable[[int], None],
        listening: str = "",
    ) -> None:
        """Run `command`, called `name` in the log, with `descriptors`, which it has to itself (see
        :meth:`Spawner.start`); its standard error goes where that of the others does.

        :param places: the first is that of its standard output.
        """
        run = object()
        self._runs.add(run)
        errors: ErrorOutput | None = None

        def not_started(error: OSError) -> None:
            if errors is not None:
                errors.close()
            self._release(run)
            failed(error)

        def over(status: int) -> None:
            if errors is not None:
                errors.drain()
            self._release(run)
            exited(status)

        try:
            stderr = standard_error(self._errors_to)
        except OSError as error:
            close_all(descriptors)
            self.reactor.callLater(0, not_started, error)
            return
        if stderr.ours is not None:
            errors = ErrorOutput(stderr.ours, self.reactor, self.full_name(name), self._errors)
        self.spawner.start(
            command,
            (*descriptors, *stderr.theirs),
            ((*places[0], *stderr.with_output), *places[1:], *stderr.places),
            started=started,
            failed=not_started,
            exited=over,
            listening=listening,
        )

    def idle(self) -> Deferred[None]:
        """Fires when nothing runs."""
        return self._runs.emptied()

    def stop(self) -> Deferred[None]:
        """End what runs; fires when it has ended, or nobody waits for it any more."""
        self._stopped = True
        for process in self.programs:
            process.end()
        ended = self.idle()
        if not ended.called:
            wait = self._close_wait + self.term_wait + SPARE
            ended.addTimeout(wait, self.reactor, lambda outcome, seconds: None)
        return ended.addCallback(lambda _: self.spawner.stop())

    def say_how(self, name: str, status: int) -> None:
        """Log how a program ended that was not told to, unless that was as it should."""
        if status:
            ended = f"exit status {status}" if status > 0 else f"signal {-status}"
            log.warn("{program}: ended with {ended}", program=name, ended=ended)

    def _over(self, process: Process) -> None:
        self.programs.remove(process)
        if process.status and not process.ending:
            self.say_how(process.name, process.status)

    def _release(self, run: object) -> None:
        self._runs.remove(run)
        self.pass_up()


def _unheard(status: int) -> None:
    """Whoever starts a process hears of its end once it is one."""
