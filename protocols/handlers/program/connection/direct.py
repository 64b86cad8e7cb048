"""Programs that get the connection itself."""

from __future__ import annotations

import signal

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from protocols.handlers.program.invocation import Invocation
from protocols.handlers.program.runner import CrowdedError, Runner
from protocols.handlers.program.spawner import Child
from protocols.handover import HandedOver
from protocols.session import ForeseenError


class DirectPrograms:
    """Hands every connection to a process of its own (see :class:`~protocols.handover.Taker`).

    :param deadline: seconds that it may take; 0 for as many as it likes.
    """

    def __init__(self, invocation: Invocation, runner: Runner, *, deadline: float = 0.0) -> None:
        self.invocation = invocation
        self.runner = runner
        self.deadline = deadline

    def take(self, handed: HandedOver) -> DirectProgram:
        return DirectProgram(self, handed)


class DirectProgram:
    """One connection, from its turn to the end of its process.

    What the process leaves behind may keep the connection, as with any inetd; it is nobody's business here.
    """

    idle = 0.0

    def __init__(self, programs: DirectPrograms, handed: HandedOver) -> None:
        self._programs = programs
        self._handed = handed
        self._runner = programs.runner
        self._child: Child | None = None
        self._turn: Deferred[None] | None = None
        self._timer: IDelayedCall | None = None
        self._aborted = False
        if self._runner.take_turn():
            self._start()
        else:
            self._turn = Deferred.fromCoroutine(self._runner.turn())
            self._turn.addCallbacks(lambda _: self._start(), self._refused)

    def drain(self) -> None:
        """It finishes by itself."""

    def abort(self) -> None:
        """End it: by SIGTERM, and by SIGKILL if that does not help."""
        if self._aborted:
            return
        self._aborted = True
        if self._child is not None:
            self._end(self._child)
        elif self._turn is not None and not self._turn.called:
            self._turn.cancel()

    def _start(self) -> None:
        handed, runner = self._handed, self._runner
        if self._aborted:
            runner.pass_up()
            self._over()
            return
        descriptor = handed.socket
        descriptor.setblocking(True)  # as programs expect; it is the same connection, whoever has it
        invocation = self._programs.invocation
        runner.hand(
            invocation.command(handed.peer, handed.local),
            invocation.label,
            (descriptor.detach(),),
            ((0, 1),),
            started=self._started,
            failed=self._failed,
            exited=self._exited,
        )

    def _started(self, child: Child) -> None:
        self._child = child
        if self._aborted:
            self._end(child)
        elif self._programs.deadline:
            self._timer = self._runner.reactor.callLater(self._programs.deadline, self._late)

    def _late(self) -> None:
        self._timer = None
        reason = f"{self._programs.invocation.label} took longer than {self._programs.deadline:g} s"
        self._handed.factory.journal.failed(self._handed.peer, ForeseenError(reason))
        self.abort()

    def _end(self, child: Child) -> None:
        self._cancel_timer()
        child.signal(signal.SIGTERM)
        self._timer = self._runner.reactor.callLater(self._runner.term_wait, self._kill, child)

    def _kill(self, child: Child) -> None:
        self._timer = None
        child.signal(signal.SIGKILL)

    def _exited(self, status: int) -> None:
        self._child = None
        self._cancel_timer()
        if not self._aborted:
            self._runner.say_how(self._runner.full_name(self._programs.invocation.label), status)
        self._handed.over()

    def _failed(self, error: OSError) -> None:
        """It could not be started."""
        reason = ForeseenError(f"{self._programs.invocation.label} cannot be started: {error.strerror}")
        self._handed.factory.journal.failed(self._handed.peer, reason)
        self._over()

    def _refused(self, failure: Failure) -> None:
        if failure.check(CrowdedError):
            self._handed.factory.journal.refused(self._runner.crowd)
        self._over()

    def _over(self) -> None:
        self._handed.socket.close()
        # Not from within take().
        self._runner.reactor.callLater(0, self._handed.over)

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
