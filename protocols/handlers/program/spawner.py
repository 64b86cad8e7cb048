"""The daemon's side of the process that starts programs (see :mod:`.spawner_process`)."""

from __future__ import annotations

import errno
import marshal
import os
import socket
import subprocess
import sys
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReadWriteDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.handlers.program import spawner_process
from protocols.handlers.program.command import Command
from protocols.handlers.program.confinement import Confinement
from protocols.handlers.program.descriptors import close_all
from protocols.handlers.program.spawner_process import LENGTH, PIECE

BACK_OFF: Final = 1.0
"""Seconds after its end in which no other spawner is started: what ended it may end that one too."""

REAPING: Final = 1.0
"""Seconds in which a spawner has to end that has nothing else to do; it takes a thousandth of one."""

PASSING: Final = frozenset({errno.ETOOMANYREFS, errno.ENOBUFS, errno.ENOMEM})
"""Why descriptors cannot be sent now, and can be once it has taken those that are on their way (unix(7))."""

SOON: Final = 0.05
"""Seconds until that is tried again."""

LOST: Final = -9
"""The status of programs of which nobody knows any more how they ended."""

log = Logger(namespace="polyport")


class SpawnerError(OSError):
    """Programs cannot be started; what it is in words says everything."""

    def __str__(self) -> str:
        return str(self.strerror)


class Child:
    """A program that a spawner has been asked to start.

    .. attribute:: pid

       Its process, and its group; 0 until it runs.
    """

    __slots__ = ("_number", "_spawner", "exited", "failed", "pid", "started")

    def __init__(
        self,
        spawner: Spawner,
        number: int,
        started: Callable[[Child], None],
        failed: Callable[[OSError], None],
        exited: Callable[[int], None],
    ) -> None:
        self._spawner = spawner
        self._number = number
        self.pid = 0
        self.started = started
        self.failed = failed
        self.exited = exited

    def signal(self, number: int) -> None:
        """Send a signal to it and to all processes of its group."""
        self._spawner.say(("signal", self._number, int(number)))

    def reap(self) -> None:
        """Nobody signals it any more: for one that was started to be kept, and has exited."""
        self._spawner.say(("reap", self._number))


@implementer(IReadWriteDescriptor)
class Spawner:
    """Starts programs, all confined in the same way, by a process of its own, which is started when it is
    needed first.

    :param service: whose programs they are, for the log.
    :param patience: seconds that programs have to end in, once this process is gone.
    """

    def __init__(self, service: str, reactor: Any, confinement: Confinement, patience: float) -> None:
        self._service = service
        self._reactor = reactor
        self._confinement = confinement
        self._rlimits = dict(confinement.rlimits)
        self._patience = patience
        self._link: socket.socket | None = None
        self._popen: subprocess.Popen[bytes] | None = None
        self._number = 0
        self._children: dict[int, Child] = {}
        self._came = bytearray()
        self._unsent: deque[tuple[bytes, Sequence[int]]] = deque()
        self._awaiting: list[Deferred[None]] = []
        self._is_ready = False
        self._stopped: list[Deferred[None]] = []
        self._stopping = False
        self._ended_at = -BACK_OFF

    def begin(self) -> None:
        """Start its process, unless it runs: while this one is root, if what it is to become needs that.

        Raises :class:`OSError`.
        """
        if self._link is not None:
            return
        if self._confinement.needs_root and os.geteuid() != 0:
            raise SpawnerError(
                errno.EPERM, "only root can run programs as another user, or before all others"
            )
        if self._reactor.seconds() - self._ended_at < BACK_OFF:
            raise SpawnerError(errno.EAGAIN, "the process that starts programs has just ended")
        ours, theirs = socket.socketpair()
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, "-I", "-S", str(Path(spawner_process.__file__)), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        self._link = ours
        self._is_ready = False
        self._reactor.addReader(self)
        self.say(("confine", self._confinement.settings(self._patience)))

    def prepare(self) -> Deferred[None]:
        """Fires when programs can be started; fails with :class:`OSError` if they cannot."""
        ready: Deferred[None] = Deferred()
        try:
            self.begin()
        except OSError:
            ready.errback(Failure())
            return ready
        if self._is_ready:
            ready.callback(None)
        else:
            self._awaiting.append(ready)
        return ready

    def start(
        self,
        command: Command,
        descriptors: Sequence[int],
        places: tuple[tuple[int, ...], ...],
        *,
        started: Callable[[Child], None],
        failed: Callable[[OSError], None],
        exited: Callable[[int], None],
        kept: bool = False,
        listening: str = "",
    ) -> None:
        """Run `command` in a session of its own.

        :param descriptors: what it is given, which is closed here; each as those of its own that `places`
            names.
        :param kept: whether it stays a zombie, once it has exited, until it is reaped.
        :param listening: the name of sockets that it listens on, at places from 3 on (sd_listen_fds(3)).

        One of `started` and `failed` is called, later; `exited` with its status, after the first.
        """
        self._number = number = self._number + 1
        try:
            self.begin()
        except OSError as error:
            close_all(descriptors)
            self._reactor.callLater(0, failed, error)
            return
        self._children[number] = Child(self, number, started, failed, exited)
        self.say(
            (
                *("start", number, list(command.arguments), command.environment, command.folder),
                *(places, kept, self._rlimits, listening),
            ),
            descriptors,
        )

    def say(self, value: tuple[Any, ...], descriptors: Sequence[int] = ()) -> None:
        """Have the process do that, once it has done what was said before; `descriptors` are closed here."""
        if self._link is None:
            close_all(descriptors)
            return
        data = marshal.dumps(value)
        self._unsent.append((LENGTH.pack(len(data)) + data, descriptors))
        if len(self._unsent) == 1:
            self._send()

    def stop(self) -> Deferred[None]:
        """End its process, and with it what still runs; fires when it has ended."""
        self._stopping = True
        stopped: Deferred[None] = Deferred()
        if self._link is None:
            stopped.callback(None)
        else:
            self._stopped.append(stopped)
            self._link.shutdown(socket.SHUT_WR)
        return stopped

    # -- the reactor -----------------------------------------------------------------------------------

    def fileno(self) -> int:
        return -1 if self._link is None else self._link.fileno()

    def logPrefix(self) -> str:
        return "Spawner"

    def doRead(self) -> None:
        if self._link is None:
            return
        try:
            data = self._link.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        self._came += data
        while len(self._came) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._came)[0]
            if len(self._came) < end:
                break
            word, *rest = marshal.loads(self._came[LENGTH.size : end])  # noqa: S302 - our own process's
            del self._came[:end]
            getattr(self, f"_{word}")(*rest)

    def doWrite(self) -> None:
        self._send()

    def connectionLost(self, reason: Failure) -> None:
        self._lost()

    def _send(self) -> None:
        link = self._link
        while link is not None and self._unsent:
            data, descriptors = self._unsent[0]
            try:
                if descriptors:
                    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))]
                    sent = link.sendmsg([data], rights)
                else:
                    sent = link.send(data)
            except BlockingIOError:
                self._reactor.addWriter(self)
                return
            except OSError as error:
                if error.errno in PASSING:
                    self._reactor.callLater(SOON, self._send)
                return  # or it is gone, which reading says too
            close_all(descriptors)
            if sent < len(data):
                self._unsent[0] = (data[sent:], ())
            else:
                self._unsent.popleft()
        if link is not None:
            self._reactor.removeWriter(self)

    # -- what the process says -------------------------------------------------------------------------

    def _ready(self) -> None:
        self._is_ready = True
        for ready in self._no_more_awaiting():
            ready.callback(None)

    def _refused(self, number: int, text: str) -> None:
        error = SpawnerError(number, f"cannot become what the program is to be: {text}")
        waiting = self._no_more_awaiting()
        for ready in waiting:
            ready.errback(error)
        if not waiting:
            log.error("{service}: {error}", service=self._service, error=error.strerror)

    def _no_more_awaiting(self) -> list[Deferred[None]]:
        awaiting, self._awaiting = self._awaiting, []
        return awaiting

    def _started(self, number: int, pid: int) -> None:
        child = self._children[number]
        child.pid = pid
        child.started(child)

    def _failed(self, number: int, code: int, text: str) -> None:
        self._children.pop(number).failed(OSError(code, text))

    def _exited(self, number: int, status: int) -> None:
        self._children.pop(number).exited(status)

    def _lost(self) -> None:
        """Its process is gone."""
        if self._link is None:
            return
        self._reactor.removeReader(self)
        self._reactor.removeWriter(self)
        self._link.close()
        self._link = None
        self._came.clear()
        while self._unsent:
            close_all(self._unsent.popleft()[1])
        assert self._popen is not None
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(REAPING)  # it has closed its end, and so has nothing else to do than to end
        self._ended_at = self._reactor.seconds()
        children, self._children = self._children, {}
        if not self._stopping:
            log.error(
                "{service}: the process that starts programs has ended, and {count} of them with it",
                service=self._service,
                count=len(children),
            )
        fault = SpawnerError(errno.EIO, "the process that starts programs has ended")
        for ready in self._no_more_awaiting():
            ready.errback(fault)
        for child in children.values():
            if child.pid:
                child.exited(LOST)
            else:
                child.failed(fault)
        stopped, self._stopped = self._stopped, []
        for each in stopped:
            each.callback(None)
