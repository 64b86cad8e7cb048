"""One of the processes of a shared program, and those that follow it in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.handlers.program.process import Process
from protocols.handlers.program.shared.actions import NonsenseError
from protocols.handlers.program.shared.client import Client
from protocols.handlers.program.shared.feed import STUCK, Feed
from protocols.handlers.program.shared.respite import Respite
from protocols.handlers.program.shared.spreading import Spreading

if TYPE_CHECKING:
    from protocols.handlers.program.shared.program import SharedProgram

PIECES: Final = 16
"""Pieces of 64 KiB of what a process says that are passed on before others have their turn."""

FAREWELL: Final = 1.0
"""Seconds in which a process ends that has closed its input or its output; then it is ended."""

log = Logger(namespace="polyport")


class Instance:
    """A place for a process.

    .. attribute:: restarts

       How many followed the first that was not told to end.

    .. attribute:: last_exit

       Exit status of the last that ended, or minus the number of a signal; ``None``: none has.
    """

    def __init__(self, program: SharedProgram, name: str) -> None:
        self.name = name
        self.clients: dict[int, Client] = {}
        self.restarts = 0
        self.last_exit: int | None = None
        self.ignored = 0
        self._program = program
        self._reactor = program.runner.reactor
        self._waiting: dict[Client, IDelayedCall] = {}
        self._respite = Respite()
        self._process: Process | None = None
        self._feed: Feed | None = None
        self._spreading: Spreading | None = None
        self._number = 0
        self._starting = False
        self._stopping = False
        self._resting = False  # its process is ended because there are no clients
        self._restart: IDelayedCall | None = None
        self._timer: IDelayedCall | None = None  # of one that has no clients, or ends by itself
        self._begun: Deferred[None] | None = None
        self._over: Deferred[None] | None = None

    @property
    def pid(self) -> int | None:
        """That of the process that runs."""
        return None if self._process is None else self._process.pid

    @property
    def troubled(self) -> bool:
        """Whether a process has failed and another does not run yet."""
        return self._restart is not None or (
            self._feed is None and not self._resting and self._process is not None
        )

    @property
    def population(self) -> int:
        """Clients that it has or that wait for it."""
        return len(self.clients) + len(self._waiting)

    # -- clients -------------------------------------------------------------------------------------

    def join(self, client: Client) -> None:
        """`client` has come."""
        if self._feed is not None:
            self._admit(client, self._feed)
        else:
            self._wait(client)

    def leave(self, client: Client, reason: str) -> None:
        """It has gone."""
        waiting = self._waiting.pop(client, None)
        if waiting is not None and waiting.active():
            waiting.cancel()
        number, client.number = client.number, 0
        if self.clients.pop(number, None) is not None and self._feed is not None:
            self._feed.forget(client)
            self._feed.say(self._program.wire.closed(number, reason))
            self._rest_later()

    def said(self, client: Client, data: bytes) -> None:
        """`data` tells of something that `client` has said."""
        if self._feed is not None:
            self._feed.said_by(client, data)

    def tell(self, data: bytes) -> None:
        """`data` tells of something else."""
        if self._feed is not None:
            self._feed.say(data)

    @property
    def is_full(self) -> bool:
        """Whether the process has to read before it is told more."""
        return self._feed is None or self._feed.full

    def _admit(self, client: Client, feed: Feed) -> None:
        self._cancel_timer()
        self._number = number = self._number + 1
        client.number = number
        self.clients[number] = client
        feed.say(self._program.wire.opened(number, client.peer))
        client.admitted()

    def _wait(self, client: Client) -> None:
        client.hold()
        self._waiting[client] = self._reactor.callLater(self._program.patience, self._impatient, client)
        if self._process is None and not self._starting and self._restart is None and not self._stopping:
            self.start()

    def _impatient(self, client: Client) -> None:
        del self._waiting[client]
        client.part("the program does not run", restarting=True)

    # -- the life of a process -----------------------------------------------------------------------

    def begin(self) -> Deferred[None]:
        """Start the first; fires when it runs, fails with :class:`OSError` or :class:`ValueError`."""
        if self._program.idle:
            return succeed(None)  # the first client starts it
        begun: Deferred[None] = Deferred()
        self._begun = begun
        self.start()
        return begun

    def start(self) -> None:
        """Start one now."""
        self._restart = None
        if self._program.idle and not self._waiting:
            return  # nobody has waited for it so long
        runner, invocation = self._program.runner, self._program.invocation
        if not runner.take_turn():
            self._start_later(0.0)
            return
        self._starting = True
        self._resting = False
        runner.start(invocation.alone(), self.name).addCallbacks(self._started, self._not_started)

    def _started(self, process: Process) -> None:
        self._starting = False
        process.on_over.append(self._ended)
        self._process = process
        if self._stopping:
            process.end()
            return
        assert process.stdin is not None
        self._number = 0
        self._feed = feed = Feed(process.stdin, self._reactor, stuck=self._is_stuck, deaf=self._farewell)
        self._spreading = Spreading(self._program.wire.reader(), self.clients, self._program.refused)
        waiting, self._waiting = self._waiting, {}
        for client, patience in waiting.items():
            patience.cancel()
            self._admit(client, feed)
        for client in waiting:
            client.release()
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.callback(None)
        self._rest_later()
        self._pump(process)

    def _not_started(self, failure: Failure) -> None:
        self._starting = False
        failure.trap(OSError, ValueError)
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.errback(failure)
        elif not self._stopping:
            wait = self._start_later(0.0)
            log.error(
                "{program}: cannot be started: {reason}; tried again in {wait:.1f} s",
                program=self._label,
                reason=failure.getErrorMessage(),
                wait=wait,
            )

    def _start_later(self, age: float) -> float:
        wait = self._respite.after(age)
        self._restart = self._reactor.callLater(wait, self.start)
        return wait

    def _ended(self, process: Process) -> None:
        """It is over, and what it said is passed on."""
        self.last_exit = process.status
        self._process = None
        self._cancel_timer()
        if not (self._stopping or self._resting):
            self.restarts += 1
            wait = self._start_later(self._reactor.seconds() - process.started_at)
            log.info("{program}: is started anew in {wait:.1f} s", program=self._label, wait=wait)
        self._lose()
        if self._over is not None:
            self._over.callback(None)
        elif self._resting and self._waiting and not self._starting:
            self.start()

    def _lose(self) -> None:
        """No client can be served any more by the process there was."""
        if self._feed is not None:
            self._feed.close()
            self._feed = None
        if self._spreading is not None:
            self.ignored += self._spreading.ignored
            self._spreading = None
        clients = list(self.clients.values())
        self.clients.clear()
        for client in clients:
            client.number = 0
        keep = self._program.keeps and not self._stopping
        for client in clients:
            if keep:
                self._wait(client)
            else:
                client.part("the program has ended", restarting=True)

    def _fail(self, why: str) -> None:
        """The process does not do as it should: it is ended, and another follows."""
        process = self._process
        if process is None or process.ending:
            return
        log.error("{program}: {why}; it is ended", program=self._label, why=why)
        process.end()
        self._lose()

    def _is_stuck(self) -> None:
        self._fail(f"has read nothing for {STUCK:g} s of what waits for it")

    def _farewell(self) -> None:
        """It has closed its input or output, and should be about to end."""
        if not self._stopping and not self._resting:
            self._cancel_timer()
            self._timer = self._reactor.callLater(FAREWELL, self._still_there)

    def _still_there(self) -> None:
        self._timer = None
        self._fail("has closed its input or output, and runs on")

    # -- what it says --------------------------------------------------------------------------------

    def _pump(self, process: Process) -> None:
        for _ in range(PIECES):
            piece = process.stdout.read()
            if isinstance(piece, Deferred):
                piece.addCallback(self._came, process)
                return
            if not self._take(piece, process):
                return
        self._reactor.callLater(0, self._pump, process)

    def _came(self, piece: bytes | None, process: Process) -> None:
        if self._take(piece, process):
            self._pump(process)

    def _take(self, piece: bytes | None, process: Process) -> bool:
        """Whether there may be more."""
        if piece is None:
            if not process.ending and not process.exited:
                self._farewell()
            return False
        spreading = self._spreading
        if spreading is None:
            return True  # it is about to end, and nobody is left
        try:
            spreading.take(piece)
        except NonsenseError as nonsense:
            self._fail(f"said what makes no sense: {nonsense}")
            return False
        return True

    # -- ends ----------------------------------------------------------------------------------------

    def _rest_later(self) -> None:
        """End the process once it has had no clients for so long."""
        if self._program.idle and not self.clients and not self._stopping:
            self._cancel_timer()
            self._timer = self._reactor.callLater(self._program.idle, self._rest)

    def _rest(self) -> None:
        self._timer = None
        self._resting = True
        self._finish()

    def _finish(self) -> None:
        """Close its input, and have it end by itself, or else be ended."""
        process = self._process
        if self._feed is not None:
            self._feed.finish()
            self._feed = None
        if process is not None and not process.ending:
            self._cancel_timer()
            self._timer = self._reactor.callLater(self._program.close_wait, process.end)

    def stop(self) -> Deferred[None]:
        """End its process, which is told first that its clients have gone; fires when it is over."""
        self._stopping = True
        for call in (self._restart, self._timer):
            if call is not None and call.active():
                call.cancel()
        self._restart = self._timer = None
        for client in list(self.clients.values()):
            self.leave(client, "the service ends")
            client.part("the service ends", restarting=True)
        for client in list(self._waiting):
            self.leave(client, "")
            client.part("the service ends", restarting=True)
        if self._process is None:
            return succeed(None)
        self._over = Deferred()
        self._finish()
        return self._over

    @property
    def _label(self) -> str:
        return f"{self._program.runner.service}: {self.name}"

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
