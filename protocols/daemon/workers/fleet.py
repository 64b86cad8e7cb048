"""Processes that serve one configuration: started, reloaded and stopped together, each replaced by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from protocols.daemon.assembly import discard
from protocols.daemon.control.over_link import RemoteOperations, served
from protocols.daemon.control.serving import Methods
from protocols.daemon.daemon import StartError
from protocols.daemon.fairness import Reputation
from protocols.daemon.loader import Loaded
from protocols.daemon.port_service import PortService
from protocols.daemon.reload.comparison import Shape
from protocols.daemon.reload.reader import Novelty, Reader
from protocols.daemon.socket_table import Binding
from protocols.daemon.workers.process import Spawner, WorkerProcess
from protocols.daemon.workers.recruits import Recruits
from protocols.daemon.workers.slot import UNHEARD, Crew, Orders, Slot
from protocols.daemon.workers.worker_logs import WorkerLogs
from protocols.guard.limits.shared_memory import SharedMemory

log = Logger(namespace="polyport")

GRACE: Final = 10.0
"""Seconds that processes get beyond ``server.drain`` to come to their end; then they are killed."""

AT_ONCE: Final = 3.0
"""Seconds that they get once everything is to end now."""


class Fleet(Service):
    """`count` processes (:class:`~protocols.daemon.serving.Serving`).

    This one accepts nothing, and has every socket open: what waits in the queue of a process that has died
    waits for its successor.

    :param novelty: the first configuration that `reader` has read.
    :param close_sockets: closes our descriptors of all sockets.
    :param spawn: starts a process.
    """

    def __init__(
        self,
        reader: Reader,
        novelty: Novelty,
        count: int,
        *,
        logs: WorkerLogs,
        close_sockets: Callable[[], object],
        reactor: Any,
        spawn: Callable[[Methods], WorkerProcess] | None = None,
    ) -> None:
        self.reader = reader
        self.count = count
        self.loaded: Loaded = novelty.loaded
        self.shapes: Mapping[str, Shape] = novelty.shapes
        self.units: dict[str, PortService] = {}
        self.retiring: list[PortService] = []
        self.when_running: Callable[[], None] = lambda: None
        self.when_failed: Callable[[], None] = lambda: None
        self._orders: Orders
        self._style = logs.style
        self._close_sockets = close_sockets
        self._reactor = reactor
        self._descriptor = SharedMemory.create(count)
        self._memory = SharedMemory(self._descriptor, count)
        self._recruits = Recruits(spawn or Spawner(reactor, logs.output), self._methods, reactor)
        crew = Crew(
            hire=self._recruits.hire,
            orders=lambda: self._orders,
            reactor=reactor,
            count=count,
            memory=self._descriptor,
            clear=self._memory.clear,
        )
        self.slots = [Slot(index, crew) for index in range(count)]
        self._last: list[IDelayedCall] = []
        self._has_started = False

    def _methods(self) -> Methods:
        """What processes may ask: how the daemon is as a whole."""
        return served(self.reader.setting.ask())

    @property
    def reputation(self) -> Reputation:
        """Nobody comes here (Serving)."""
        return self.reader.setting.reputation

    def serving(self) -> list[tuple[Slot, RemoteOperations]]:
        """The processes that serve, each with whom to ask."""
        return [(slot, RemoteOperations(process.link)) for slot, process in self._at_work()]

    def _at_work(self) -> list[tuple[Slot, WorkerProcess]]:
        return [(slot, process) for slot in self.slots if (process := slot.serving) is not None]

    # -- the start and the end -----------------------------------------------------------------------

    def begin(self, novelty: Novelty, binding: Binding) -> None:
        """Serve the first configuration, once started (Serving)."""
        self._orders = self._ordered(novelty, binding)

    def startService(self) -> None:
        super().startService()
        self._reactor.callWhenRunning(self._start)

    def _start(self) -> None:
        if self.running:
            for slot in self.slots:
                slot.on_serving = self._serves
                slot.on_failure = self._failed
                slot.start()

    def _serves(self) -> None:
        if not self._has_started and all(slot.state == "serving" for slot in self.slots):
            self._has_started = True
            self._recruits.keep_one()
            self.when_running()

    def _failed(self, reason: str) -> None:
        if not self._has_started and self.running:
            self._has_started = True
            log.critical("cannot start: {reason}", reason=reason)
            self.when_failed()

    def stopService(self) -> Deferred[Any]:
        super().stopService()
        # Those who serve have the sockets too, and accept what waits before they close them.
        self._close_sockets()
        return self._end("stop")

    def retire_all(self) -> Deferred[Any]:
        """Another process has the sockets (Serving)."""
        return self._end("retire")

    def _end(self, how: str) -> Deferred[Any]:
        ending = [slot.stop(how) for slot in self.slots]
        ended: Deferred[Any] = DeferredList([*ending, self._recruits.stop()], consumeErrors=True)
        self._kill_in(self.loaded.config.server.drain + GRACE)
        return ended.addBoth(self._ended)

    def abort(self) -> None:
        """Close every connection now (Serving)."""
        for slot in self.slots:
            slot.abort()
        self._kill_in(AT_ONCE)

    def _kill_in(self, seconds: float) -> None:
        for slot in self.slots:
            self._last.append(self._reactor.callLater(seconds, slot.kill))

    def _ended(self, result: object) -> None:
        for call in self._last:
            if call.active():
                call.cancel()
        self._last.clear()
        if self._descriptor != -1:
            os.close(self._descriptor)
            self._descriptor = -1

    @inlineCallbacks
    def rotate(self) -> Generator[Deferred[Any], Any, None]:
        """Begin every log of every service anew, one process after the other: they have files in common
        (Serving)."""
        for slot in self.slots:
            process = slot.serving
            if process is not None:
                try:
                    yield process.link.call("rotate")
                except UNHEARD as error:
                    log.warn("worker {index}: no new logs: {error}", index=slot.index, error=error)

    # -- a reload ------------------------------------------------------------------------------------

    @inlineCallbacks
    def prepare(self, novelty: Novelty) -> Generator[Deferred[Any], Any, None]:
        """Have everything ready in all of them (Serving).

        One that ends meanwhile has a successor that serves what is served by then.
        """
        at_work = self._at_work()
        texts = dict(novelty.loaded.texts)
        answers = yield DeferredList(
            [process.link.call("prepare", texts=texts) for _, process in at_work], consumeErrors=True
        )
        problems: dict[str, None] = {}
        for done, answer in answers:
            if done:
                problems.update(dict.fromkeys(answer))
            elif answer.check(ConnectionError) is None:
                problems[str(answer.value)] = None
        if problems:
            for slot, _ in at_work:
                if slot.process is not None:
                    slot.process.link.call("cancel").addErrback(lambda failure: None)
            raise StartError(*problems)

    def change(self, novelty: Novelty, binding: Binding) -> Deferred[Any]:
        """Serve what they have prepared; a process that has not is replaced (Serving)."""
        self._orders = orders = self._ordered(novelty, binding)
        serving = [slot for slot in self.slots if slot.state == "serving"]
        return DeferredList([slot.commit(orders) for slot in serving], consumeErrors=True)

    def drain(self, name: str) -> Deferred[None]:
        """Serve `name` no more, in any of them (Serving)."""
        self.shapes = {other: shape for other, shape in self.shapes.items() if other != name}
        left = [
            {other: bound for other, bound in sockets.items() if other != name}
            for sockets in self._orders.sockets
        ]
        self._orders = replace(self._orders, sockets=left)
        for slot in self.slots:
            slot.left(self._orders)
        drained = [operations.drain(name) for _, operations in self.serving()]
        gone: Deferred[Any] = DeferredList(drained, consumeErrors=True)
        return gone.addCallback(lambda _: None)

    def _ordered(self, novelty: Novelty, binding: Binding) -> Orders:
        """`novelty` is served from now on, though not here."""
        discard(novelty.carriers)
        novelty.take()
        self.loaded, self.shapes = novelty.loaded, novelty.shapes
        sockets = [binding.sockets(index) for index in range(self.count)]
        return Orders(str(self.reader.file), novelty.loaded.texts, sockets, self._style)
