"""The first process of a daemon: it reads, binds and reloads, and serves or has others serve."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Collection, Generator
from pathlib import Path
from typing import Any, Final

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols import __version__
from protocols.daemon import exit_status
from protocols.daemon.administration import Administration, Renewal
from protocols.daemon.assembly import Setting
from protocols.daemon.carriers import Carriers
from protocols.daemon.control.forward_status import forwards_of
from protocols.daemon.control.local import LocalOperations
from protocols.daemon.control.operations import OperationError, Operations
from protocols.daemon.control.status import Outcome
from protocols.daemon.daemon import Daemon, StartError, cannot_listen, check_sockets
from protocols.daemon.fairness import Reputation
from protocols.daemon.kept_sockets import KeptSockets
from protocols.daemon.loader import Loaded
from protocols.daemon.log_rotation import rotate_on_signal
from protocols.daemon.loop_watch import LoopWatch
from protocols.daemon.lost_access import lost_access
from protocols.daemon.port_service import PortService
from protocols.daemon.privileges import PrivilegeError, drop, plan_of
from protocols.daemon.reload.comparison import summary
from protocols.daemon.reload.reader import Novelty, Reader
from protocols.daemon.reload.reloads import Reloads
from protocols.daemon.reload.watched import watched_by
from protocols.daemon.serving import Serving
from protocols.daemon.signals import act_on_signals
from protocols.daemon.socket_table import Binding, PlaceError, SocketTable, places_of
from protocols.daemon.sockets import Inherited
from protocols.daemon.surroundings import Surroundings
from protocols.daemon.systemd import StoredSockets, stored_name, stores_sockets
from protocols.daemon.unmoved import waits_for_restart
from protocols.daemon.upgrade.successor import Successor, UpgradeError
from protocols.daemon.workers.count import worker_count
from protocols.daemon.workers.fleet import Fleet
from protocols.daemon.workers.fleet_operations import FleetOperations

log = Logger(namespace="polyport")

START_PROBLEM = 1
"""Exit status when the daemon cannot start although its configuration is right."""

BECOMES_MAIN: Final = 1.0
"""Seconds after which a process that takes over tells systemd once more: it is heard (``NotifyAccess=main``)
once the one before it has said whose the daemon is, which is a matter of milliseconds."""

STORED: Final = "services"
"""What sockets are stored as."""


class FirstProcess(MultiService):
    """Made with every socket bound: what cannot listen is known before anything is served.

    :param config: the YAML file.
    :param inherited: sockets that systemd, or a process before this one, handed over.
    :param surroundings: what else there is in the process.

    Raises :class:`~protocols.daemon.problems.ConfigError` and :class:`StartError`.
    """

    def __init__(self, config: Path, inherited: Inherited, reactor: Any, surroundings: Surroundings) -> None:
        super().__init__()
        self.started = time.time()
        self.operations: Operations
        self._loop_watch = LoopWatch(reactor)
        self._reader = reader = Reader(config, Setting(reactor, lambda: self.operations))
        self._reactor = reactor
        self._around = surroundings
        self._stopping = False
        self._ended = False
        self._reloads = Reloads(self._reload)
        self._successor: Successor | None = None
        stored = StoredSockets(inherited)
        self._stored_before = stored.names
        self._kept = kept = KeptSockets(stored, are_ours=not surroundings.takes_over)
        self._administration = Administration(reader.file, reader.setting.ask, reactor, kept)
        novelty = reader.first()
        surroundings.took(novelty.loaded)
        count = worker_count(novelty.loaded.config.server.workers)
        self._activated = stored.activated
        self._table = SocketTable(self._activated, count, kept=kept, leaves_paths=stores_sockets())
        self._plan = plan_of(novelty.loaded.config.server)
        try:
            self._plan.check()
            binding, renewal = self._bound(novelty)
            self._serving = serving = self._made(novelty, count)
            serving.begin(novelty, binding)
            binding.commit()
            renewal.commit()
            kept.close_rest()
        except (PrivilegeError, StartError) as error:
            novelty.discard()
            raise StartError(str(error)) from error
        serving.when_running = self._is_running
        serving.when_failed = self._cannot_start
        serving.setServiceParent(self)

    def _made(self, novelty: Novelty, count: int) -> Serving:
        """What serves."""
        if count == 1:
            channels = self._reader.setting.channels
            self.operations = LocalOperations(
                self,
                self._reactor,
                loop=self._loop_watch,
                forwards=forwards_of(channels),
                earlier=channels.earlier,
            )
            return Daemon(self._reader, novelty, self._reactor)
        fleet = Fleet(
            self._reader,
            novelty,
            count,
            logs=self._around.worker_logs(),
            close_sockets=self._close_sockets,
            reactor=self._reactor,
        )
        self.operations = FleetOperations(self, fleet, self._reactor)
        return fleet

    def _close_sockets(self) -> None:
        """Those who serve go on with what they have been given."""
        if self._table.leaves_paths:
            self._table.let_go()
        else:
            self._table.close()

    # -- what there is (see control/operations.py) ---------------------------------------------------

    @property
    def loaded(self) -> Loaded:
        """The configuration that is served."""
        return self._serving.loaded

    @property
    def units(self) -> dict[str, PortService]:
        """The services that this process serves itself, by name."""
        return self._serving.units

    @property
    def names(self) -> Collection[str]:
        """The services that are served, whoever does it."""
        return self._serving.shapes

    @property
    def retiring(self) -> list[PortService]:
        """What a reload has replaced or removed, and still has connections."""
        return self._serving.retiring

    @property
    def reputation(self) -> Reputation:
        """What is known of those who come."""
        return self._serving.reputation

    @property
    def reloads(self) -> Reloads:
        """The reloads so far."""
        return self._reloads

    def reload(self) -> Deferred[Outcome]:
        """Read the file again, and serve what it says."""
        return self._reloads.ask()

    def drain(self, name: str) -> Deferred[None]:
        """Serve `name` no more, until the next reload; fires when its last connection is gone.

        What is under way has begun with all that is served, and so is waited for.  Fails with
        :class:`~protocols.daemon.control.operations.OperationError`.
        """
        return self._reloads.settled().addCallback(lambda _: self._drain(name))

    def _drain(self, name: str) -> Deferred[None]:
        if self._stopping:
            raise OperationError("the daemon is about to stop")
        if name not in self.names:
            known = ", ".join(self.names)
            raise OperationError(f"no service {name} is served; there are: {known}")
        gone = self._serving.drain(name)
        served = [place for place in places_of(self.loaded.config) if place.service in self.names]
        self._table.bind(served).commit()
        self._store_sockets()
        return gone

    @inlineCallbacks
    def upgrade(self) -> Generator[Deferred[Any], Any, Outcome]:
        """Start the same command anew, and once that serves, retire."""
        if self._stopping:
            raise OperationError("the daemon is about to stop")
        self._stopping = True  # nothing else meanwhile
        self._successor = Successor(self._to_hand_over(), self._around.directory, self._reactor)
        try:
            pid: int = yield self._successor.start()
        except UpgradeError as error:
            self._stopping = self._ended
            log.error("no upgrade: {error}", error=error)
            return Outcome(done=False, text=f"no upgrade: {error}")
        log.info("process {pid} has taken over; this one ends with its last connection", pid=pid)
        self._administration.notifier.main_pid(pid)
        self._around.forget_pidfile()
        self._reactor.callLater(0, self._retire)
        return Outcome(done=True, text=f"process {pid} has taken over, from {os.getpid()}")

    @staticmethod
    def _not_upgraded(failure: Failure) -> None:
        failure.trap(OperationError)
        log.warn("no upgrade: {error}", error=failure.value)

    def _to_hand_over(self) -> list[tuple[str, socket.socket]]:
        bound = (*self._table.sockets(), *self._administration.sockets())
        ours = [(stored_name(STORED, one.socket), one.socket) for one in bound if one.address.scheme != "fd"]
        # A reload may want one that nobody wants now.
        return [*ours, *((name, one) for name, some in self._activated.items() for one in some)]

    @inlineCallbacks
    def _retire(self) -> Generator[Deferred[Any], Any, None]:
        """Another process has the sockets."""
        self._administration.let_go()
        retired = self._serving.retire_all()
        self._table.let_go()
        yield retired
        if not self._ended:
            self._reactor.stop()

    # -- the start and the end -----------------------------------------------------------------------

    def startService(self) -> None:
        # The reactor installs its own handlers as it begins; twistd's would end the process by the signal,
        # with a status that says it failed.
        self._reactor.callWhenRunning(self._handle_signals)
        try:
            self._begin_privileged()
            bound = (*self._table.sockets(), *self._administration.sockets())
            if drop(self._plan, [one.address.path for one in bound if one.address.path]):
                log.info("became {plan}", plan=str(self._plan))
                for line in lost_access(self._carriers(), self._reader.file):
                    log.warn("{line}", line=line)
        except PrivilegeError as error:
            log.critical("cannot start: {error}", error=error)
            self._cannot_start()
            return
        super().startService()

    def stopService(self) -> Deferred[Any]:
        self._stopping = self._ended = True
        if self._successor is not None:
            self._successor.give_up("the daemon is about to stop")
        if not self._kept.are_ours:
            # Those who serve leave them as they are.
            self._serving.retire_all()
        self._administration.notifier.stopping()
        stopped: Deferred[Any] = super().stopService()
        ended: Deferred[Any] = DeferredList([stopped, self._administration.stop()])
        return ended.addBoth(lambda _: self._loop_watch.stop())

    def _begin_privileged(self) -> None:
        """Begin what only root can.  Raises :class:`PrivilegeError`."""
        for name, carriers in self._carriers().items():
            for begin in carriers.privileged:
                try:
                    begin()
                except OSError as error:
                    raise PrivilegeError(f"{name}: {error}") from error

    def _carriers(self) -> dict[str, Carriers]:
        return {name: unit.carriers for name, unit in self.units.items()}

    def _handle_signals(self) -> None:
        act_on_signals(
            self._reactor,
            stop=self._stop,
            reload=lambda _: self.reload(),
            upgrade=lambda _: maybeDeferred(self.upgrade).addErrback(self._not_upgraded),
        )

    def _is_running(self) -> None:
        self._loop_watch.start()
        rotate_on_signal(self._serving.rotate)
        self._administration.start(lambda: watched_by(self._reader.file, self._reader.code), self.reload)
        services = _counted(len(self.names))
        log.info("polyport {version}: {services} ready", version=__version__, services=services)
        self._tell_ready()
        self._kept.are_ours = True
        self._around.is_ready()
        if self._around.takes_over:
            self._reactor.callLater(BECOMES_MAIN, self._tell_ready)

    def _tell_ready(self) -> None:
        if not self._stopping:
            self._administration.notifier.forget_stored(self._stored_before)
            self._store_sockets()
            self._administration.notifier.ready(f"serving {_counted(len(self.names))}")

    def _store_sockets(self) -> None:
        """Have systemd keep the sockets over a restart."""
        if self._table.leaves_paths:
            of_ours = [one.socket for one in self._table.sockets() if one.address.scheme != "fd"]
            self._administration.notifier.store(STORED, of_ours)

    def _cannot_start(self) -> None:
        exit_status.fail(START_PROBLEM)
        self._stopping = True
        self._reactor.callWhenRunning(self._reactor.stop)

    def _stop(self, name: str) -> None:
        if self._ended:
            log.info("{signal} again: closing every connection now", signal=name)
            self._serving.abort()
            return
        self._stopping = self._ended = True
        log.info(
            "{signal}: stopping; connections have {drain:g} s to finish, a second signal ends them",
            signal=name,
            drain=self.loaded.config.server.drain,
        )
        self._reactor.stop()

    # -- a reload ------------------------------------------------------------------------------------

    @inlineCallbacks
    def _reload(self) -> Generator[Deferred[Any], Any, str]:
        notifier = self._administration.notifier
        notifier.reloading()
        try:
            novelty: Novelty = yield self._reader.again(self._serving.shapes)
            try:
                binding, renewal = self._bound(novelty)
                try:
                    yield self._serving.prepare(novelty)
                    if self._stopping:
                        raise StartError("the daemon is about to stop")
                except StartError:
                    binding.cancel()
                    renewal.cancel()
                    raise
            except StartError:
                novelty.discard()
                raise
        finally:
            notifier.ready()
        self._around.took(novelty.loaded)
        waiting = waits_for_restart(self.loaded.config.server, novelty.loaded.config.server)
        served = self._serving.change(novelty, binding)
        binding.commit()
        renewal.commit()
        yield served
        self._store_sockets()
        text = summary(novelty.steps, novelty.channels.deeds) + waiting
        notifier.status(f"serving {_counted(len(self.names))}; reloaded: {text}")
        return text

    def _bound(self, novelty: Novelty) -> tuple[Binding, Renewal]:
        """Sockets for all that `novelty` says.  Raises :class:`StartError`."""
        try:
            binding = self._table.bind(places_of(novelty.loaded.config))
        except PlaceError as error:
            raise cannot_listen(error, novelty.loaded) from error
        try:
            check_sockets(novelty.carriers, binding.places())
            return binding, self._administration.prepare(novelty.loaded.config.server)
        except PlaceError as error:
            binding.cancel()
            raise cannot_listen(error, novelty.loaded) from error
        except StartError:
            binding.cancel()
            raise


def _counted(services: int) -> str:
    return "1 service" if services == 1 else f"{services} services"
