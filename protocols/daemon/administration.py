"""What is around the services of a daemon: by it operators, Prometheus and systemd see and steer it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredList

from protocols.daemon.control.control_socket import ControlSocket, bind_control
from protocols.daemon.control.operations import Ask
from protocols.daemon.daemon import StartError
from protocols.daemon.kept_sockets import KeptSockets
from protocols.daemon.metrics.listener import MetricsListener
from protocols.daemon.reload.watched import Watched
from protocols.daemon.reload.watching import Watch
from protocols.daemon.sockets import BindError, BoundSocket
from protocols.daemon.spec.server import ServerSpec
from protocols.daemon.systemd import Notifier, Watchdog, watchdog_period


class Administration:
    """One for each daemon, in its first process.

    :param config: the YAML file.
    :param ask: who answers what is asked.
    :param kept: sockets that a process before this one has bound.

    .. attribute:: notifier

       Tells systemd how it is.
    """

    def __init__(self, config: Path, ask: Ask, reactor: Any, kept: KeptSockets) -> None:
        self.notifier = Notifier()
        self._config = config
        self._ask = ask
        self._reactor = reactor
        self._kept = kept
        self._server: ServerSpec | None = None
        self._control: ControlSocket | None = None
        self._metrics: MetricsListener | None = None
        self._watch: Watch | None = None
        self._watchdog = Watchdog(self.notifier.alive, reactor, watchdog_period())
        self._started = False

    def prepare(self, server: ServerSpec) -> Renewal:
        """Bind what `server` says and is not there yet.  Raises :class:`StartError`."""
        before = self._server
        control, metrics = self._control, self._metrics
        if before is None or server.control != before.control:
            control = self._bind_control(server)
        try:
            if before is None or server.metrics != before.metrics:
                metrics = self._bind_metrics(server)
        except StartError:
            if control is not None and control is not self._control:
                control.bound.close()
            raise
        return Renewal(self, server, control, metrics)

    def sockets(self) -> list[BoundSocket]:
        """Those that are bound."""
        control = [] if self._control is None else [self._control.bound]
        return [*control, *(() if self._metrics is None else self._metrics.bound)]

    def start(self, watched: Callable[[], Watched], changed: Callable[[], object]) -> None:
        """Answer, on a reactor that runs.

        :param watched: says what the configuration was read from.
        :param changed: called when that has changed, where ``server.watch`` says so.
        """
        self._started = True
        self._watchdog.start()
        self._watch = Watch(self._reactor, watched, changed)
        if self._control is not None:
            self._control.start()
        if self._metrics is not None:
            self._metrics.start()
        if self._server is not None and self._server.watch:
            self._watch.start()

    def stop(self) -> Deferred[Any]:
        """Answer no more; fires when the last answer is given."""
        self._started = False
        self._watchdog.stop()
        if self._watch is not None:
            self._watch.stop()
        stopping = [each.stop() for each in (self._control, self._metrics) if each is not None]
        self._control = self._metrics = None
        return DeferredList(stopping, consumeErrors=True)

    def let_go(self) -> Deferred[Any]:
        """Answer no more, because another process does, at the same paths."""
        if self._control is not None:
            self._control.leave_paths()
        if self._metrics is not None:
            self._metrics.leave_paths()
        return self.stop()

    def take(
        self, server: ServerSpec, control: ControlSocket | None, metrics: MetricsListener | None
    ) -> None:
        """Answer there from now on (see :meth:`Renewal.commit`)."""
        former = [each for each in (self._control, self._metrics) if each not in (None, control, metrics)]
        fresh = [each for each in (control, metrics) if each not in (None, self._control, self._metrics)]
        self._server, self._control, self._metrics = server, control, metrics
        for each in fresh:
            if self._started and each is not None:
                each.start()
        for each in former:
            if each is not None:
                each.stop()
        if self._watch is not None:
            # It may be another set of files.
            if server.watch:
                self._watch.start()
            else:
                self._watch.stop()

    def _bind_control(self, server: ServerSpec) -> ControlSocket | None:
        try:
            bound = bind_control(self._config, server.control, kept=self._kept)
        except BindError as error:
            raise StartError(f"cannot listen: server.control: {server.control}: {error}") from error
        return None if bound is None else ControlSocket(bound, self._config, self._ask, self._reactor)

    def _bind_metrics(self, server: ServerSpec) -> MetricsListener | None:
        if server.metrics is None:
            return None
        listener = MetricsListener(server.metrics, self._ask, self._reactor)
        try:
            listener.bind(kept=self._kept, instead_of=self._metrics)
        except BindError as error:
            raise StartError(f"cannot listen: server.metrics: {server.metrics}: {error}") from error
        return listener


class Renewal:
    """What another ``server`` asks for, of which nothing is settled yet."""

    def __init__(
        self,
        administration: Administration,
        server: ServerSpec,
        control: ControlSocket | None,
        metrics: MetricsListener | None,
    ) -> None:
        self._administration = administration
        self._server = server
        self._control = control
        self._metrics = metrics

    def commit(self) -> None:
        """This is it."""
        self._administration.take(self._server, self._control, self._metrics)

    def cancel(self) -> None:
        """It stays as it was."""
        there = self._administration.sockets()
        if self._control is not None and self._control.bound not in there:
            self._control.bound.close()
        if self._metrics is not None and not set(self._metrics.bound) <= set(there):
            self._metrics.close()
