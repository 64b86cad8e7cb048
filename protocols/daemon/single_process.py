"""A daemon of one process: it reads, binds, serves, and reloads in place."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.logger import Logger

from protocols import __version__
from protocols.daemon import exit_status
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.status import Outcome
from protocols.daemon.daemon import Daemon, StartError, cannot_listen, check_sockets
from protocols.daemon.fairness import Reputation
from protocols.daemon.loader import Loaded
from protocols.daemon.log_rotation import rotate_on_signal
from protocols.daemon.port_service import PortService
from protocols.daemon.reload.comparison import summary
from protocols.daemon.reload.reader import Novelty, Reader
from protocols.daemon.reload.reloads import RefusedError, Reloads
from protocols.daemon.signals import act_on_signals
from protocols.daemon.socket_table import Binding, PlaceError, SocketTable, places_of
from protocols.daemon.sockets import Inherited
from protocols.daemon.systemd import notify

log = Logger(namespace="polyport")

START_PROBLEM = 1
"""Exit status when the daemon cannot start although its configuration is right."""


class SingleProcess(MultiService):
    """Made with every socket bound: what cannot listen is known before anything is served.

    :param inherited: sockets that systemd handed over.
    :param took: hears of each configuration that is served.

    Raises :class:`~protocols.daemon.problems.ConfigError` and :class:`StartError`.
    """

    def __init__(
        self, reader: Reader, inherited: Inherited, reactor: Any, took: Callable[[Loaded], None]
    ) -> None:
        super().__init__()
        novelty = reader.first()
        took(novelty.loaded)
        self.started = time.time()
        self._reader = reader
        self._reactor = reactor
        self._took = took
        self._stopping = False
        self._table = SocketTable(inherited)
        self._reloads = Reloads(self._reload)
        try:
            binding = self._bound(novelty)
        except StartError:
            novelty.discard()
            raise
        self._daemon = daemon = Daemon(reader, novelty, reactor)
        daemon.take(binding.sockets())
        binding.commit()
        daemon.when_running = self._is_running
        daemon.when_failed = self._cannot_start
        daemon.setServiceParent(self)

    # -- what there is (see control/operations.py) ---------------------------------------------------

    @property
    def loaded(self) -> Loaded:
        """The configuration that is served."""
        return self._daemon.loaded

    @property
    def units(self) -> dict[str, PortService]:
        """The services that are served, by name."""
        return self._daemon.units

    @property
    def retiring(self) -> list[PortService]:
        """What a reload has replaced or removed, and still has connections."""
        return self._daemon.retiring

    @property
    def reputation(self) -> Reputation:
        """What is known of those who come."""
        return self._daemon.reputation

    @property
    def reloads(self) -> Reloads:
        """The reloads so far."""
        return self._reloads

    def reload(self) -> Deferred[Outcome]:
        """Read the file again, and serve what it says."""
        return self._reloads.ask()

    def drain(self, name: str) -> Deferred[None]:
        """Serve `name` no more, until the next reload; fires when its last connection is gone.

        Raises :class:`~protocols.daemon.control.operations.OperationError`.
        """
        if name not in self.units:
            known = ", ".join(self.units)
            raise OperationError(f"no service {name} is served; there are: {known}")
        gone = self._daemon.drain(name)
        served = [place for place in places_of(self.loaded.config) if place.service in self.units]
        self._table.bind(served).commit()
        return gone

    # -- the start and the end -----------------------------------------------------------------------

    def startService(self) -> None:
        # The reactor installs its own handlers as it begins; twistd's would end the process by the signal,
        # with a status that says it failed.
        self._reactor.callWhenRunning(self._handle_signals)
        super().startService()

    def stopService(self) -> Deferred[Any]:
        self._stopping = True
        notify("STOPPING=1")
        stopped: Deferred[Any] = super().stopService()
        return stopped

    def _handle_signals(self) -> None:
        act_on_signals(self._reactor, stop=self._stop, reload=lambda _: self.reload(), upgrade=lambda _: None)

    def _is_running(self) -> None:
        rotate_on_signal(self._daemon.rotate)
        services = _counted(len(self.units))
        log.info("polyport {version}: {services} ready", version=__version__, services=services)
        notify("READY=1")

    def _cannot_start(self) -> None:
        exit_status.fail(START_PROBLEM)
        self._stopping = True
        self._reactor.stop()

    def _stop(self, name: str) -> None:
        if self._stopping:
            log.info("{signal} again: closing every connection now", signal=name)
            self._daemon.abort()
            return
        self._stopping = True
        log.info(
            "{signal}: stopping; connections have {drain:g} s to finish, a second signal ends them",
            signal=name,
            drain=self.loaded.config.server.drain,
        )
        self._reactor.stop()

    # -- a reload ------------------------------------------------------------------------------------

    @inlineCallbacks
    def _reload(self) -> Generator[Deferred[Any], Any, str]:
        notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            novelty: Novelty = yield self._reader.again(self._daemon.shapes)
            try:
                binding = self._bound(novelty)
                try:
                    yield self._daemon.prepare(novelty)
                    if self._stopping:
                        raise StartError("the daemon is about to stop")
                except StartError:
                    binding.cancel()
                    raise
            except StartError as error:
                novelty.discard()
                raise RefusedError(str(error)) from error
        finally:
            notify("READY=1")
        self._took(novelty.loaded)
        self._daemon.serve(novelty, binding.sockets())
        binding.commit()
        return summary(novelty.steps)

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


def _counted(services: int) -> str:
    return "1 service" if services == 1 else f"{services} services"
