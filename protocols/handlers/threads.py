"""A thread pool whose calls can be given up.

A thread cannot be stopped.  A call that is cancelled while it runs therefore keeps its thread until it
returns, and counts against the workers like any other: whoever asked may have left, and the work is still
being done.  Only when it goes on for :data:`GRACE` seconds more is its thread abandoned, and another one
takes its place, so that a few calls which never return do not take the service down with them.  The
threads are daemon threads: the process can end without them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextvars import copy_context
from threading import Condition, Thread
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from protocols.session import ForeseenError

WORKERS = 10
"""Threads of one function: enough that a handful of slow calls does not hold up the quick ones."""

GRACE = 30.0
"""Seconds a call may go on after it was cancelled before its thread is replaced: as long as a call may
take at all, unless it is configured otherwise, so that one that would have ended in time has."""

ABANDONED = 40
"""Threads that may be held by calls that were given up.  Past that no more are replaced: a function
that never returns must not eat the machine."""


class _Job:
    __slots__ = ("abandoned", "arguments", "deferred", "function", "grace", "running")

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.function = function
        self.arguments = arguments
        self.running = False
        self.abandoned = False
        self.grace: IDelayedCall | None = None
        self.deferred: Deferred[Any] | None = None


class ThreadPool:
    """Calls functions in at most `workers` threads, started as they are needed.

    All methods are for the reactor's thread.

    :param reactor: where results come back to, and what tells the time.
    """

    def __init__(self, reactor: Any, workers: int, name: str) -> None:
        self._reactor = reactor
        self._workers = workers
        self._name = name
        self._ready = Condition()  # guards what the threads see: the next four, and whether a job runs
        self._waiting: OrderedDict[_Job, None] = OrderedDict()  # a queue that any job can be taken out of
        self._threads = 0
        self._surplus = 0  # threads that are to end, and count no more
        self._stopped = False
        self._unsettled = 0  # jobs that wait or run, without the abandoned ones
        self._abandoned = 0
        self._given_up: set[_Job] = set()  # cancelled, and still in their grace

    def call(self, function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """Call ``function(*arguments)`` in a thread; cancelling gives the call up.

        Fails with :class:`~protocols.session.ForeseenError` if no thread is left that could ever make the
        call.
        """
        if self._abandoned >= self._workers + ABANDONED:
            return fail(ForeseenError("all threads are held by calls that were given up"))
        job = _Job(function, arguments)
        deferred: Deferred[Any] = Deferred(lambda _: self._cancel(job))
        job.deferred = deferred
        self._unsettled += 1
        with self._ready:
            self._waiting[job] = None
            self._grow()
            self._ready.notify()
        return deferred

    @property
    def waiting(self) -> int:
        """Calls for which there has been no thread yet."""
        return len(self._waiting)

    def stop(self) -> None:
        """Let the threads end once nothing waits for them."""
        for job in self._given_up:
            assert job.grace is not None
            job.grace.cancel()
        self._given_up.clear()
        with self._ready:
            self._stopped = True
            self._ready.notify_all()

    def _grow(self) -> None:
        """Start a thread if there is work for one more."""
        available = self._threads - self._abandoned
        if available < min(self._unsettled, self._workers) and self._threads < self._workers + ABANDONED:
            Thread(target=self._work, name=f"polyport-{self._name}", daemon=True).start()
            self._threads += 1

    # -- in the threads ------------------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._next()) is not None:
            result: Any
            try:
                # In a context of its own, or what one call sets the next one in this thread would see.
                result = copy_context().run(job.function, *job.arguments)
            except BaseException:  # noqa: BLE001 - the caller gets it
                result = Failure()
            self._reactor.callFromThread(self._settle, job, result)
            del job, result  # an idle thread holds on to nothing

    def _next(self) -> _Job | None:
        """The job that has waited longest, as soon as there is one; ``None`` for a thread that is to end."""
        with self._ready:
            while True:
                if self._surplus:
                    self._surplus -= 1
                    return None
                if self._waiting:
                    job, _ = self._waiting.popitem(last=False)
                    job.running = True
                    return job
                if self._stopped:
                    self._threads -= 1
                    return None
                self._ready.wait()

    # -- in the reactor's thread ---------------------------------------------------------------------

    def _settle(self, job: _Job, result: Any) -> None:
        if job.abandoned:
            self._reclaim()
            return
        self._unsettled -= 1
        if job in self._given_up:
            self._given_up.remove(job)
            assert job.grace is not None
            job.grace.cancel()
        deferred, job.deferred = job.deferred, None
        if deferred is not None:
            deferred.callback(result)

    def _cancel(self, job: _Job) -> None:
        job.deferred = None
        with self._ready:
            running = job.running
            if not running:
                del self._waiting[job]
        if not running:
            self._unsettled -= 1
            job.arguments = ()  # the Deferred may be kept, and what was to be said must not be with it
        elif not self._stopped:
            self._given_up.add(job)
            job.grace = self._reactor.callLater(GRACE, self._abandon, job)

    def _abandon(self, job: _Job) -> None:
        """Count on the thread of `job` no more."""
        self._given_up.remove(job)
        job.abandoned = True
        with self._ready:
            self._unsettled -= 1
            self._abandoned += 1
            self._grow()

    def _reclaim(self) -> None:
        """A thread that was abandoned is back: one of them all may be too many now."""
        with self._ready:
            self._abandoned -= 1
            if self._threads - self._abandoned > self._workers:
                self._threads -= 1
                self._surplus += 1
                self._ready.notify()
