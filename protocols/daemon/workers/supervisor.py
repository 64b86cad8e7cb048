"""The first of several processes: it reads, binds and watches over those that serve, and serves nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols import __version__
from protocols.daemon import exit_status
from protocols.daemon.assembly import discard
from protocols.daemon.control.operations import Operations
from protocols.daemon.control.over_link import served
from protocols.daemon.control.serving import Methods
from protocols.daemon.control.status import Outcome
from protocols.daemon.daemon import StartError, cannot_listen, check_sockets
from protocols.daemon.loader import Loaded
from protocols.daemon.log_rotation import rotate_on_signal
from protocols.daemon.reload.comparison import summary
from protocols.daemon.reload.reader import Novelty, Reader
from protocols.daemon.reload.reloads import RefusedError, Reloads
from protocols.daemon.signals import act_on_signals
from protocols.daemon.single_process import START_PROBLEM
from protocols.daemon.socket_table import Binding, PlaceError, SocketTable, places_of
from protocols.daemon.sockets import Inherited
from protocols.daemon.systemd import notify
from protocols.daemon.workers.fleet import Fleet
from protocols.daemon.workers.fleet_operations import FleetOperations
from protocols.daemon.workers.process import Spawner
from protocols.daemon.workers.slot import Orders

log = Logger(namespace="polyport")


@dataclass(frozen=True, slots=True)
class WorkerLogs:
    """What the logs of workers look like, and where they go."""

    chosen: Mapping[str, str]
    """``style`` and ``level``."""
    output: Callable[[int, bytes], object] | None = None
    """Gets what they write, by process id; ``None``: it goes where our own output goes."""


class Supervisor(Service):
    """Made with every socket bound: what cannot listen is known before anything is served.

    It accepts nothing, and keeps every socket open: what waits in the queue of a process that has died waits
    for its successor.

    :param count: how many processes serve.
    :param inherited: sockets that systemd handed over.
    :param took: hears of each configuration that is served.

    Raises :class:`StartError`; `novelty` is discarded then.
    """

    def __init__(
        self,
        reader: Reader,
        novelty: Novelty,
        count: int,
        inherited: Inherited,
        reactor: Any,
        took: Callable[[Loaded], None],
        logs: WorkerLogs,
    ) -> None:
        self.started = time.time()
        self.loaded = novelty.loaded
        self.reloads = Reloads(self._reload)
        self.operations: Operations = FleetOperations(self)
        self.fleet = Fleet(count, Spawner(reactor, logs.output), self._methods, reactor)
        self._shapes = novelty.shapes
        self._reader = reader
        self.reactor = reactor
        self._took = took
        self._logs = logs
        self._stopping = False
        self._table = SocketTable(inherited, count)
        try:
            binding = self._bound(novelty)
        except StartError:
            novelty.discard()
            raise
        self._take(novelty, binding)
        self.fleet.orders = self._orders(novelty, binding)

    def _methods(self) -> Methods:
        """What a process that serves may ask."""
        return served(self.operations)

    def reload(self) -> Deferred[Outcome]:
        """Read the file again, and have all serve what it says."""
        return self.reloads.ask()

    # -- the start and the end -----------------------------------------------------------------------

    def startService(self) -> None:
        super().startService()
        self.reactor.callWhenRunning(self._begin)

    def stopService(self) -> Deferred[Any]:
        super().stopService()
        self._stopping = True
        notify("STOPPING=1")
        # They have them too, and accept what waits before they close them.
        self._table.close()
        return self.fleet.stop(self.loaded.config.server.drain)

    def _begin(self) -> None:
        # The reactor has installed its own handlers.
        act_on_signals(self.reactor, stop=self._stop, reload=lambda _: self.reload(), upgrade=lambda _: None)
        rotate_on_signal(self.fleet.rotate)
        self.fleet.start().addCallbacks(self._is_running, self._cannot_start)

    def _is_running(self, result: None) -> None:
        services = len(self._shapes)
        log.info(
            "polyport {version}: {services} ready, served by {count} processes",
            version=__version__,
            services="1 service" if services == 1 else f"{services} services",
            count=self.fleet.count,
        )
        notify("READY=1")

    def _cannot_start(self, failure: Failure) -> None:
        if self._stopping:
            return
        log.critical("cannot start: {reason}", reason=str(failure.value))
        exit_status.fail(START_PROBLEM)
        self._stopping = True
        self.reactor.stop()

    def _stop(self, name: str) -> None:
        if self._stopping:
            log.info("{signal} again: closing every connection now", signal=name)
            self.fleet.abort()
            return
        self._stopping = True
        log.info(
            "{signal}: stopping; connections have {drain:g} s to finish, a second signal ends them",
            signal=name,
            drain=self.loaded.config.server.drain,
        )
        self.reactor.stop()

    # -- a reload ------------------------------------------------------------------------------------

    @inlineCallbacks
    def _reload(self) -> Generator[Deferred[Any], Any, str]:
        notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            novelty: Novelty = yield self._reader.again(self._shapes)
            try:
                binding = self._bound(novelty)
            except StartError as error:
                novelty.discard()
                raise RefusedError(str(error)) from error
            problems = yield self.fleet.prepare(novelty.loaded.texts)
            if self._stopping:
                problems.append("the daemon is about to stop")
            if problems:
                self.fleet.cancel()
                binding.cancel()
                novelty.discard()
                raise RefusedError(*problems)
            # Our own descriptors of what is given up go first: those that accept are the last to close.
            self._take(novelty, binding)
            yield self.fleet.commit(self._orders(novelty, binding))
        finally:
            notify("READY=1")
        return summary(novelty.steps)

    def _take(self, novelty: Novelty, binding: Binding) -> None:
        """It is served from now on, though not here."""
        discard(novelty.carriers)
        novelty.take()
        binding.commit()
        self.loaded, self._shapes = novelty.loaded, novelty.shapes
        self._took(novelty.loaded)

    def _orders(self, novelty: Novelty, binding: Binding) -> Orders:
        return Orders(
            str(self._reader.file),
            novelty.loaded.texts,
            [binding.sockets(index) for index in range(self.fleet.count)],
            self._logs.chosen,
        )

    def _bound(self, novelty: Novelty) -> Binding:
        """Sockets for all that `novelty` says.  Raises :class:`StartError`."""
        try:
            binding = self._table.bind(places_of(novelty.loaded.config))
            try:
                check_sockets(novelty.carriers, binding.places())
            except PlaceError:
                binding.cancel()
                raise
        except PlaceError as error:
            raise cannot_listen(error, novelty.loaded) from error
        return binding
