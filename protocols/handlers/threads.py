"""A thread pool whose calls can be given up.

A thread cannot be stopped.  A call that is cancelled while it runs therefore keeps its thread until it
returns, and the pool starts another one in its place, so that a few calls which never return do not
take the service down with them.  The threads are daemon threads: the process can end without them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

WORKERS = 10
"""Threads of one function: enough that a handful of slow calls does not hold up the quick ones."""

ABANDONED = 40
"""Threads that may be held by calls that were given up.  Past that no more are replaced: a function
that never returns must not eat the machine."""


class _Job:
    __slots__ = ("arguments", "cancelled", "deferred", "function", "running")

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.function = function
        self.arguments = arguments
        self.running = False
        self.cancelled = False
        self.deferred: Deferred[Any] | None = None


class ThreadPool:
    """Calls functions in at most `workers` threads, started as they are needed.

    All methods are for the reactor's thread.
    """

    def __init__(self, reactor: IReactorFromThreads, workers: int, name: str) -> None:
        self._reactor = reactor
        self._workers = workers
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = Lock()
        self._threads = 0
        self._unsettled = 0
        self._abandoned = 0

    def call(self, function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """Call ``function(*arguments)`` in a thread; cancelling gives the call up."""
        job = _Job(function, arguments)
        deferred: Deferred[Any] = Deferred(lambda _: self._cancel(job))
        job.deferred = deferred
        self._unsettled += 1
        self._grow()
        self._jobs.put(job)
        return deferred

    def stop(self) -> None:
        """Let the threads end as they finish."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = 0

    def _grow(self) -> None:
        """Start a thread if there is work for one more."""
        available = self._threads - self._abandoned
        if available < min(self._unsettled, self._workers) and self._threads < self._workers + ABANDONED:
            Thread(target=self._work, name=f"polyport-{self._name}", daemon=True).start()
            self._threads += 1

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            with self._lock:
                if job.cancelled:
                    continue
                job.running = True
            result: Any
            try:
                # In a context of its own, or what one call sets the next one in this thread would see.
                result = copy_context().run(job.function, *job.arguments)
            except BaseException:  # noqa: BLE001 - the caller gets it
                result = Failure()
            self._reactor.callFromThread(self._settle, job, result)
            del job, result  # an idle thread holds on to nothing

    def _settle(self, job: _Job, result: Any) -> None:
        if job.cancelled:
            self._abandoned -= 1
            if self._threads - self._abandoned > self._workers:
                self._threads -= 1
                self._jobs.put(None)
            return
        self._unsettled -= 1
        deferred, job.deferred = job.deferred, None
        assert deferred is not None
        deferred.callback(result)

    def _cancel(self, job: _Job) -> None:
        with self._lock:
            job.cancelled = True
            running = job.running
        self._unsettled -= 1
        job.deferred = None
        if running:
            self._abandoned += 1
            self._grow()
