"""The daemon: every service of one YAML file, started together and stopped together."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols import __version__
from protocols.daemon import exit_status
from protocols.daemon.carriers import Carriers
from protocols.daemon.loader import Loaded
from protocols.daemon.log_rotation import rotate_on_signal
from protocols.daemon.port_service import PortService
from protocols.daemon.sockets import BindError, BoundSocket, Inherited, bind
from protocols.daemon.systemd import notify
from protocols.reactor.adoption import cannot_adopt

log = Logger(namespace="polyport")

START_PROBLEM = 1
"""Exit status when the daemon cannot start although its configuration is right."""


class StartError(Exception):
    """The daemon cannot start; the text says which service and why."""


class Daemon(MultiService):
    """All services of a configuration.

    Made with every socket bound: what cannot listen is known before anything is served.
    """

    def __init__(self, loaded: Loaded, carriers: Mapping[str, Carriers], reactor: Any) -> None:
        super().__init__()
        self._reactor = reactor
        self._stopping = False
        self._units: list[PortService] = []
        self._drain = loaded.config.server.drain
        for warning in loaded.warnings:
            log.warn("{warning}", warning=str(warning))
        self._made_of = carriers

    def bind(self, loaded: Loaded, inherited: Inherited) -> None:
        """Bind every address, or none: raises :class:`StartError`."""
        bound: dict[str, list[BoundSocket]] = {}
        try:
            for name in self._made_of:
                bound[name] = []
                for index, address in enumerate(loaded.config.services[name].listen):
                    try:
                        bound[name] += bind(address, inherited)
                        self._check_kinds(name, bound[name])
                    except BindError as error:
                        place = f"services.{name}.listen[{index}]"
                        text = f"cannot listen: {place}: {address}: {error}"
                        raise StartError(loaded.origin.redact(text)) from error
        except StartError:
            for one in (one for sockets in bound.values() for one in sockets):
                one.close()
            raise
        for name, carriers in self._made_of.items():
            unit = PortService(name, carriers, bound[name], self._reactor, self._drain)
            unit.setServiceParent(self)
            self._units.append(unit)

    def _check_kinds(self, name: str, bound: list[BoundSocket]) -> None:
        """A socket may be of a kind that its service, or the reactor, cannot serve."""
        if self._made_of[name].datagram is None and not all(one.is_stream for one in bound):
            raise BindError("the socket is one for datagrams, and this service needs streams")
        if self._made_of[name].stream is None and any(one.is_stream for one in bound):
            raise BindError("the socket is one for streams, and this service needs datagrams")
        for one in bound:
            if why := cannot_adopt(one.socket):
                raise BindError(why)

    def startService(self) -> None:
        if any(unit.carriers.starts for unit in self._units):
            Service.startService(self)
            self._reactor.callWhenRunning(self._prepare)
        else:
            super().startService()
            self._reactor.callWhenRunning(self._running)

    def _prepare(self) -> None:
        """Serve once everything is ready that has to be; or nothing."""
        self._handle_signals()
        preparing = gatherResults([self._prepared(unit) for unit in self._units], consumeErrors=True)
        preparing.addCallbacks(self._serve, self._cannot_start)

    def _prepared(self, unit: PortService) -> Deferred[Any]:
        def note(failure: Failure) -> Failure:
            error = failure.value
            reason = error.subFailure.value if isinstance(error, FirstError) else error
            if not self._stopping:
                log.critical("cannot start: {service}: {reason}", service=unit.name, reason=reason)
            return failure

        return unit.prepare().addErrback(note)

    def _serve(self, results: object) -> None:
        if not self._stopping:
            super().startService()
            self._running()

    def _cannot_start(self, failure: Failure) -> None:
        if not self._stopping:
            exit_status.fail(START_PROBLEM)
            self._stopping = True
            self._reactor.stop()

    def stopService(self) -> Deferred[Any]:
        self._stopping = True
        notify("STOPPING=1")
        stopped: Deferred[Any] = super().stopService()
        return stopped

    def _handle_signals(self) -> None:
        # The reactor installs its own handlers before this; twistd's would end the process by the
        # signal, with a status that says it failed.
        signal.signal(signal.SIGTERM, self._signalled)
        signal.signal(signal.SIGINT, self._signalled)
        signal.signal(signal.SIGHUP, self._hung_up)

    def _running(self) -> None:
        self._handle_signals()
        for carriers in self._made_of.values():
            for rotate in carriers.rotates:
                rotate_on_signal(rotate)
        # What is here now stays: it need not be gone through each time garbage is collected.
        gc.collect()
        gc.freeze()
        count = len(self._units)
        log.info("polyport {version}: {services} ready", version=__version__, services=_counted(count))
        notify("READY=1")

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self._reactor.callFromThread(self._stop, signal.Signals(number).name)

    def _hung_up(self, number: int, frame: FrameType | None) -> None:
        self._reactor.callFromThread(self._terminal_or_reload)

    def _stop(self, name: str) -> None:
        if self._stopping:
            log.info("{signal} again: closing every connection now", signal=name)
            for unit in self._units:
                unit.abort()
            return
        self._stopping = True
        log.info(
            "{signal}: stopping; connections have {drain:g} s to finish, a second signal ends them",
            signal=name,
            drain=self._drain,
        )
        self._reactor.stop()

    def _terminal_or_reload(self) -> None:
        if sys.stdin is not None and sys.stdin.isatty():
            self._stop("SIGHUP")
        else:
            log.warn("SIGHUP ignored: restart the daemon to make it read its configuration again")


def _counted(services: int) -> str:
    return "1 service" if services == 1 else f"{services} services"
