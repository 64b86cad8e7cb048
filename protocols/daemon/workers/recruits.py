"""Processes that are ready to serve: one waits while all is well, for a start takes too long in need."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.daemon.control.serving import Methods
from protocols.daemon.workers.backoff import Backoff
from protocols.daemon.workers.process import WorkerProcess

log = Logger(namespace="polyport")

BREATH: Final = 2.0
"""Seconds after which there is another spare process: the one that was needed has begun to serve by then, and
the start of another would have slowed that down."""

READY: Final = 60.0
"""Seconds in which a process has to be ready, which takes one on a machine with time."""


class NotReadyError(Exception):
    """A process has ended, or was ended, before it could be told anything; the text says how."""


class Recruits:
    """Starts processes by `spawn`, and keeps one ready.

    :param methods: what they may ask of us.
    """

    def __init__(
        self, spawn: Callable[[Methods], WorkerProcess], methods: Callable[[], Methods], reactor: Any
    ) -> None:
        self._spawn = spawn
        self._methods = methods
        self._reactor = reactor
        self._spare: WorkerProcess | None = None
        self._is_kept = False
        self._starting: set[WorkerProcess] = set()
        self._backoff = Backoff()

    def hire(self) -> Deferred[WorkerProcess]:
        """One that is ready, and the caller's from now on; fails with :class:`NotReadyError`."""
        spare, self._spare = self._spare, None
        if spare is not None and spare.status is None:
            self._reactor.callLater(BREATH, self._prepare)
            return succeed(spare)
        return self._ready()

    def keep_one(self) -> None:
        """Have one ready from now on."""
        self._is_kept = True
        self._prepare()

    def stop(self) -> Deferred[Any]:
        """Have none any more; fires when those that nobody has hired have gone."""
        self._is_kept = False
        processes = [*self._starting, *([] if self._spare is None else [self._spare])]
        self._spare = None
        for process in processes:
            # It has done nothing that it would have to finish.
            process.signal(signal.SIGKILL)
        return DeferredList([process.when_ended() for process in processes])

    def _prepare(self) -> None:
        if self._is_kept and self._spare is None:
            self._ready().addCallbacks(self._keep, self._not_ready)

    def _keep(self, process: WorkerProcess) -> None:
        if not self._is_kept or self._spare is not None:
            process.signal(signal.SIGKILL)
            return
        self._spare = process
        process.when_ended().addCallback(self._spare_ended, process)

    def _spare_ended(self, status: str, process: WorkerProcess) -> None:
        if self._spare is process:
            self._spare = None
            self._again(f"a spare process has ended: {status}")

    def _not_ready(self, failure: Any) -> None:
        failure.trap(NotReadyError)
        self._again(f"a spare process has not started: {failure.value}")

    def _again(self, what: str) -> None:
        if self._is_kept:
            log.warn("{what}", what=what)
            self._reactor.callLater(max(BREATH, self._backoff.died(0.0)), self._prepare)

    def _ready(self) -> Deferred[WorkerProcess]:
        ready: Deferred[WorkerProcess] = Deferred()

        def settle(result: WorkerProcess | Failure) -> None:
            self._starting.discard(process)
            if patience.active():
                patience.cancel()
            if not ready.called:
                ready.callback(result)

        def is_ready() -> None:
            settle(process)

        def has_ended(status: str) -> None:
            settle(Failure(NotReadyError(status)))

        def too_late() -> None:
            log.error("process {pid} is not ready after {seconds:g} s", pid=process.pid, seconds=READY)
            process.signal(signal.SIGKILL)

        try:
            process = self._spawn({**self._methods(), "ready": is_ready})
        except OSError as error:
            return fail(NotReadyError(str(error)))
        self._starting.add(process)
        patience = self._reactor.callLater(READY, too_late)
        process.when_ended().addCallback(has_ended)
        return ready
