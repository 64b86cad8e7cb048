"""The place of one process that serves: there is one in it, or there soon will be."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from protocols.daemon.control.link import LinkClosedError
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.wire import DESCRIPTORS, WireError
from protocols.daemon.log import threshold
from protocols.daemon.numbers import Numbers
from protocols.daemon.sockets import BoundSocket
from protocols.daemon.workers.backoff import Backoff
from protocols.daemon.workers.handed_sockets import Sending
from protocols.daemon.workers.heartbeat import EVERY, HUNG, SILENT, Heartbeat
from protocols.daemon.workers.process import WorkerProcess
from protocols.daemon.workers.recruits import NotReadyError

log = Logger(namespace="polyport")

LAST_WORDS: Final = 5.0
"""Seconds that a process which hangs gets to say where, or one that cannot serve to end in order."""

UNHEARD: Final = (OperationError, LinkClosedError, WireError, OSError)
"""What becomes of a question that a process does not answer, or not well."""

Sockets = Mapping[str, Sequence[BoundSocket]]
"""The sockets of each service."""


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """What is to be served."""

    config: str
    """The YAML file."""
    texts: Mapping[str, str]
    """What it says, and what those say that it includes."""
    sockets: Sequence[Sockets]
    """For each process."""
    style: str
    """What logs look like."""


@dataclass(slots=True)
class Crew:
    """What the places of one daemon have in common."""

    hire: Callable[[], Deferred[WorkerProcess]]
    orders: Callable[[], Orders]
    """What is to be served by now."""
    reactor: Any
    count: int
    memory: int
    """The descriptor of the memory in which they count."""
    clear: Callable[[int], object]
    """Forgets what the process of a place has counted, which is no more."""
    numbers: Numbers[socket.socket] = field(default_factory=Numbers)


class Slot:
    """Place `index`, of those that `crew` has.

    .. attribute:: state

       ``starting``: its process does not serve yet; ``serving``; ``down``: it has none for the moment;
       ``stopping``: it will have none any more.
    """

    def __init__(self, index: int, crew: Crew) -> None:
        self.index = index
        self.state: Literal["starting", "serving", "down", "stopping"] = "down"
        self.process: WorkerProcess | None = None
        self.restarts = 0
        self.started = 0.0
        """When its process began to serve, in seconds since the epoch."""
        self.on_serving: Callable[[], object] = lambda: None
        self.on_failure: Callable[[str], object] = lambda reason: None
        """Is told why a process does not serve, or not any more."""
        self._crew = crew
        self._sending: Sending
        self._backoff = Backoff()
        self._heartbeat = Heartbeat(0.0)
        self._asked = False
        self._born = 0.0
        self._reason = ""
        self._later: list[IDelayedCall] = []

    @property
    def serving(self) -> WorkerProcess | None:
        """Its process, if that serves."""
        return self.process if self.state == "serving" else None

    # -- a process begins to serve -------------------------------------------------------------------

    @inlineCallbacks
    def start(self) -> Generator[Deferred[Any], Any, None]:
        """Have a process serve here."""
        if self.state != "down":
            return
        self.state = "starting"
        self._reason = ""
        self._born = self._crew.reactor.seconds()
        try:
            process = yield self._crew.hire()
        except NotReadyError as error:
            self._ended(str(error))
            return
        self.process = process
        process.when_ended().addCallback(self._ended)
        if self.state != "starting":
            process.signal(signal.SIGKILL)
            return
        orders = self._crew.orders()
        try:
            yield from self._give(process, orders)
        except UNHEARD as error:
            self._failed(process, error)
            return
        if process.status is None and self.state == "starting":
            self._serves()
            if orders is not self._crew.orders():
                self._reason = "has begun to serve what a reload has replaced meanwhile"
                self._dismiss(process)

    def _give(self, process: WorkerProcess, orders: Orders) -> Generator[Deferred[Any], Any, None]:
        sockets = orders.sockets[self.index]
        self._sending = Sending(self._crew.numbers, DESCRIPTORS)
        yield from self._hand_over(process, sockets)
        yield process.link.call(
            "serve",
            [self._crew.memory],
            index=self.index,
            count=self._crew.count,
            config=orders.config,
            texts=dict(orders.texts),
            sockets=self._sending.listed(sockets),
            log={"style": orders.style, "level": threshold.level},
        )

    def _hand_over(self, process: WorkerProcess, sockets: Sockets) -> Generator[Deferred[Any], Any, None]:
        for parcel in self._sending.parcels(sockets):
            yield process.link.call("take", parcel.descriptors, numbers=parcel.numbers)

    def _serves(self) -> None:
        self.state = "serving"
        self.started = time.time()
        self._heartbeat = Heartbeat(self._crew.reactor.seconds())
        self._asked = False
        self._call_later(EVERY, self._look)
        self.on_serving()

    # -- a reload ------------------------------------------------------------------------------------

    @inlineCallbacks
    def commit(self, orders: Orders) -> Generator[Deferred[Any], Any, None]:
        """Have the process serve `orders`, which it has prepared; one that cannot is replaced."""
        process, sockets = self.process, orders.sockets[self.index]
        if process is None:
            return
        try:
            yield from self._hand_over(process, sockets)
            yield process.link.call("commit", sockets=self._sending.listed(sockets))
        except UNHEARD as error:
            self._failed(process, error)
            return
        self._sending.forget(sockets)

    def left(self, orders: Orders) -> None:
        """The process serves less of what it served, which is `orders` now."""
        if self.state == "serving":
            self._sending.forget(orders.sockets[self.index])

    # -- a process is watched ------------------------------------------------------------------------

    def _look(self) -> None:
        process = self.serving
        if process is None:
            return
        self._call_later(EVERY, self._look)
        if not self._asked:
            self._asked = True
            process.link.call("ping").addCallbacks(self._lives, lambda failure: None)
        news = self._heartbeat.look(self._crew.reactor.seconds())
        if news == "silent":
            self._log_warn("has not answered for {seconds:g} s", seconds=SILENT)
        elif news == "hung":
            log.critical(
                "worker {index} (process {pid}) has not answered for {seconds:g} s: it is replaced",
                index=self.index,
                pid=process.pid,
                seconds=HUNG,
            )
            # Python's own handler writes where it hangs.
            process.signal(signal.SIGABRT)
            self._call_later(LAST_WORDS, process.signal, signal.SIGKILL)

    def _lives(self, answer: object) -> None:
        self._asked = False
        silence = self._heartbeat.heard(self._crew.reactor.seconds())
        if silence is not None:
            self._log_warn("answers again, after {seconds:.0f} s", seconds=silence)

    def _log_warn(self, text: str, **values: Any) -> None:
        pid = None if self.process is None else self.process.pid
        log.warn(f"worker {{index}} (process {{pid}}) {text}", index=self.index, pid=pid, **values)

    # -- a process ends ------------------------------------------------------------------------------

    def stop(self, how: str = "stop") -> Deferred[Any]:
        """Have the process finish what it does; fires when it has ended.

        :param how: ``stop``, or ``retire`` where another one has the sockets.
        """
        self.state = "stopping"
        self._cancel()
        process = self.process
        if process is None:
            return succeed(None)
        process.link.call(how).addErrback(lambda failure: None)
        return process.when_ended()

    def abort(self) -> None:
        """Have it finish at once."""
        if self.process is not None:
            self.process.link.call("abort").addErrback(lambda failure: None)

    def kill(self) -> None:
        """End it, whatever it does."""
        if self.process is not None:
            self.process.signal(signal.SIGKILL)

    def _failed(self, process: WorkerProcess, error: Exception) -> None:
        """It does not do what it has to."""
        if process is self.process:
            if not isinstance(error, LinkClosedError):  # whose reason is why it has ended
                self._reason = str(error)
            self._dismiss(process)

    def _dismiss(self, process: WorkerProcess) -> None:
        process.link.call("retire").addErrback(lambda failure: None)
        self._call_later(LAST_WORDS, process.signal, signal.SIGKILL)

    def _ended(self, status: str) -> None:
        pid = None if self.process is None else self.process.pid
        self.process = None
        self._cancel()
        self._crew.clear(self.index)
        if self.state == "stopping":
            return
        reason = self._reason or status
        wait = self._backoff.died(self._crew.reactor.seconds() - self._born)
        self.state = "down"
        self.restarts += 1
        log.error(
            "worker {index} (process {pid}) is no more: {reason}; another one takes its place{when}",
            index=self.index,
            pid=pid,
            reason=reason,
            when=f" in {wait:g} s" if wait else "",
        )
        self.on_failure(reason)
        if self.state == "down":
            self._call_later(wait, self.start)

    def _call_later(self, seconds: float, what: Callable[..., object], *arguments: object) -> None:
        self._later = [one for one in self._later if one.active()]
        self._later.append(self._crew.reactor.callLater(seconds, what, *arguments))

    def _cancel(self) -> None:
        for one in self._later:
            if one.active():
                one.cancel()
        self._later.clear()
