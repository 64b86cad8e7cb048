"""A program that has the sockets of its service."""

from __future__ import annotations

import os
import signal
import socket
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.handlers.program.descriptors import close_all
from protocols.handlers.program.doubling import Doubling
from protocols.handlers.program.invocation import Invocation
from protocols.handlers.program.runner import Runner
from protocols.handlers.program.spawner import Child
from protocols.handlers.program.spawner_process import LISTEN_START
from protocols.open_connection import OpenConnection
from protocols.roster import Roster

STARTS: Final = 20
"""How often it is started within :data:`WINDOW`, as with systemd.socket(5): a program that leaves untouched
what made it start would be started for ever."""

WINDOW: Final = 2.0
"""Seconds."""

FIRST_PAUSE: Final = 1.0
"""Seconds for which it rests that was started too often."""

LONGEST_PAUSE: Final = 30.0
"""Seconds at most, as the rest doubles each time until it is not too often."""

log = Logger(namespace="polyport")


class WaitingProgram:
    """Starts the program once somebody comes to one of its sockets, and lets it have them all until it ends.

    It gets them as descriptors from 3 on (sd_listen_fds(3)), and the first as 0 and 1 too (inetd(8)); they
    block.  Its clients are its own affair.  At the end of the service it gets SIGTERM, and where it does not
    go by that in time, SIGKILL.
    """

    def __init__(self, invocation: Invocation, runner: Runner) -> None:
        self._invocation = invocation
        self._runner = runner
        self._reactor = runner.reactor
        self._watches: list[Watch] = []
        self._runs: Roster[WaitingProgram] = Roster()
        self._child: Child | None = None
        self._starts: deque[float] = deque(maxlen=STARTS)
        self._rests = Doubling(FIRST_PAUSE, LONGEST_PAUSE)
        self._timer: IDelayedCall | None = None
        self._is_ending = False

    def watch(self, listening: socket.socket) -> Watch:
        """Start the program once somebody comes to `listening`, which listens or is bound."""
        watch = Watch(self, listening, self._reactor)
        self._watches.append(watch)
        if not self._runs.members and self._timer is None:
            watch.begin()
        return watch

    def forget(self, watch: Watch) -> None:
        """Its socket is somebody else's; a process that runs keeps it."""
        self._watches.remove(watch)

    def wake(self) -> None:
        """Somebody has come."""
        if self._runs.members or self._is_ending:
            return
        for watch in self._watches:
            watch.rest()
        self._runs.add(self)
        now = self._reactor.seconds()
        if self._starts and now - self._starts[-1] > self._rests.last + WINDOW:
            self._rests.reset()
        self._starts.append(now)
        if self._runner.take_turn():
            self._start()

    # -- as something that has connections -------------------------------------------------------------

    @property
    def open_connections(self) -> int:
        """How many processes run: those who know of connections."""
        return len(self._runs)

    def connections(self) -> Iterator[OpenConnection]:
        """Only the process knows."""
        return iter(())

    def retire(self) -> Deferred[None]:
        """Something else serves who comes from now on: the process has to end."""
        return self.drain()

    def drain(self) -> Deferred[None]:
        """Have the process end, which may take its time; fires when it has."""
        self._is_ending = True
        self._cancel_timer()
        if self._child is not None:
            self._child.signal(signal.SIGTERM)
        return self._runs.emptied()

    def abort(self) -> None:
        """End the process at once."""
        if self._child is not None:
            self._child.signal(signal.SIGKILL)

    # -- the process -----------------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return self._runner.full_name(self._invocation.label)

    def _start(self) -> None:
        descriptors: list[int] = []
        try:
            for watch in self._watches:
                watch.socket.setblocking(True)  # as programs expect; it is the same socket, whoever has it
                descriptors.append(os.dup(watch.socket.fileno()))
        except OSError as error:
            close_all(descriptors)
            self._runner.pass_up()
            self._failed(error)
            return
        first = ((0, 1, LISTEN_START),)
        others = tuple((LISTEN_START + number,) for number in range(1, len(descriptors)))
        self._runner.hand(
            self._invocation.alone(),
            self._invocation.label,
            descriptors,
            (*first, *others),
            started=self._started,
            failed=self._failed,
            exited=self._exited,
            listening=self._runner.service,
        )

    def _started(self, child: Child) -> None:
        self._child = child
        if self._is_ending:
            child.signal(signal.SIGTERM)

    def _failed(self, error: OSError) -> None:
        log.error(
            "{program}: cannot be started: {error}", program=self._name, error=error.strerror or str(error)
        )
        self._over()

    def _exited(self, status: int) -> None:
        self._child = None
        if not self._is_ending:
            self._runner.say_how(self._name, status)
        self._over()

    def _over(self) -> None:
        """It does not run any more: the sockets are watched again, at once or after a pause."""
        if len(self._starts) < STARTS or self._reactor.seconds() - self._starts[0] >= WINDOW:
            pause = 0.0
        else:
            self._starts.clear()
            pause = self._rests.next()
            log.warn(
                "{program}: started {count} times within {window:g} s; the next time in {pause:g} s",
                program=self._name,
                count=STARTS,
                window=WINDOW,
                pause=pause,
            )
        if not self._is_ending:
            self._timer = self._reactor.callLater(pause, self._watch_again)
        self._runs.remove(self)

    def _watch_again(self) -> None:
        self._timer = None
        for watch in self._watches:
            watch.begin()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


@implementer(IReadDescriptor)
class Watch:
    """One socket, at which somebody may come: what a port is to other services."""

    def __init__(self, program: WaitingProgram, listening: socket.socket, reactor: Any) -> None:
        self.socket = listening.dup()
        self._program = program
        self._reactor = reactor

    def begin(self) -> None:
        """Tell the program when somebody comes."""
        self._reactor.addReader(self)

    def rest(self) -> None:
        """Tell it no more."""
        self._reactor.removeReader(self)

    def stopListening(self) -> None:
        """The socket is no concern of the program's any more."""
        self.rest()
        self._program.forget(self)
        self.socket.setblocking(False)  # as whoever serves it next expects
        self.socket.close()

    def fileno(self) -> int:
        return self.socket.fileno()

    def logPrefix(self) -> str:
        return "Watch"

    def doRead(self) -> None:
        self._program.wake()

    def connectionLost(self, reason: Failure) -> None:
        self.rest()
