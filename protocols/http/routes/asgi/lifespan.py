"""The lifespan of an ASGI application: what it does before its first request, and after its last."""

from __future__ import annotations

from typing import Any, Final, Literal

from twisted.internet.defer import Deferred, succeed

from protocols.http.routes.asgi.change import Change
from protocols.http.routes.asgi.runtime import ApplicationTask, Message, Runtime
from protocols.session import ForeseenError, Peer

STARTUP: Final = 60.0
"""Seconds an application may take to start: it may wait for a database that starts at the same time."""

SHUTDOWN: Final = 8.0
"""Seconds it may take to shut down: less than systemd waits, together with the drain of connections."""

VERSIONS: Final = {"version": "3.0", "spec_version": "2.0"}
"""Of ASGI, and of its lifespan."""

Mode = Literal["auto", "on", "off"]


class StartupError(Exception):
    """The application does not start; the text says why, for the operator."""


class Lifespan:
    """Starts and shuts down the application of `runtime`, whose ``state`` it may fill.

    :param mode: ``auto``: an application that has no lifespan is served without; ``on``: it must have one;
        ``off``: it is not asked.
    """

    def __init__(self, runtime: Runtime, mode: Mode, name: str) -> None:
        self._runtime = runtime
        self._mode = mode
        self._name = name
        self._task = ApplicationTask(runtime, self._ended, counts=False)
        self._change = Change()
        self._starting: Deferred[None] | None = None
        self._stopping: Deferred[None] | None = None
        self._asked = False  # whether the application has received anything
        self._started = False
        self._stop = False
        self._told = False  # that it is to shut down

    def start(self) -> Deferred[None]:
        """Fires when the application is ready; fails with :class:`StartupError` if it will not be.

        For a reactor that runs.
        """
        if self._mode == "off":
            return succeed(None)
        starting: Deferred[None] = Deferred()
        self._starting = starting
        starting.addTimeout(STARTUP, self._runtime.reactor, self._late)
        scope = {"type": "lifespan", "asgi": dict(VERSIONS), "state": self._runtime.state}
        self._task.start(scope, self._receive, self._send)
        return starting

    def stop(self) -> Deferred[None]:
        """Fires when the application has shut down, or has had :data:`SHUTDOWN` seconds for it."""
        if not (self._started and self._task.running):
            self._task.cancel()
            return succeed(None)
        stopping: Deferred[None] = Deferred()
        self._stopping = stopping
        stopping.addTimeout(SHUTDOWN, self._runtime.reactor, self._late_stop)
        self._stop = True
        self._change.tell()
        return stopping

    # -- the application's side ----------------------------------------------------------------------

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "lifespan.startup"}
        while not self._stop or self._told:
            await self._change.wait()
        self._told = True
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "lifespan.startup.complete":
            self._ready()
        elif kind == "lifespan.startup.failed":
            self._fail(message.get("message") or "it does not say why")
        elif kind == "lifespan.shutdown.complete":
            self._stopped()
        elif kind == "lifespan.shutdown.failed":
            reason = message.get("message") or "it does not say why"
            self._report(ForeseenError(f"{self._name} did not shut down well: {reason}"))
            self._stopped()
        else:
            raise RuntimeError(f"{kind} is not what can be sent now")

    def _ended(self, error: BaseException | None) -> None:
        if self._starting is not None:
            if self._mode == "auto" and not self._asked:
                self._ready()  # it knows of no lifespan
            elif error is not None:
                self._fail(f"{type(error).__name__}: {error}")
            elif self._mode == "auto":
                self._ready()
            else:
                self._fail("it returned before it had started")
        elif error is not None and self._started:
            self._report(error)
        self._stopped()

    # -- the daemon's side ---------------------------------------------------------------------------

    def _ready(self) -> None:
        starting, self._starting = self._starting, None
        self._started = True
        if starting is not None:
            starting.callback(None)

    def _fail(self, reason: str) -> None:
        starting, self._starting = self._starting, None
        if starting is not None:
            starting.errback(StartupError(f"{self._name} does not start: {reason}"))

    def _stopped(self) -> None:
        stopping, self._stopping = self._stopping, None
        if stopping is not None:
            stopping.callback(None)

    def _late(self, outcome: Any, seconds: float) -> Any:
        if self._starting is None:
            return outcome
        self._starting = None
        self._task.cancel()
        raise StartupError(f"{self._name} does not start: it took more than {seconds:g} s")

    def _late_stop(self, outcome: Any, seconds: float) -> None:
        self._stopping = None
        self._task.cancel()
        self._report(ForeseenError(f"{self._name} took more than {seconds:g} s to shut down"))

    def _report(self, error: BaseException) -> None:
        self._runtime.journal.failed(Peer("lifespan"), error)
