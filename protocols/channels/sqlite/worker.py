"""A thread that does one thing after the other."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeAlias, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from protocols.channels.errors import UnavailableError

T = TypeVar("T")

Task: TypeAlias = tuple[Callable[[], Any], "Deferred[Any]", Callable[[], object] | None]


class Worker:
    """Does what a store's file is asked for, which may take its time, beside the reactor.

    The reactor's own threads are for everybody, and a disk that hangs would use them all up.  This one does
    not keep the process from its end.
    """

    def __init__(self, reactor: Any, name: str) -> None:
        self._reactor = reactor
        self._name = name
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Do what it is asked for from now on, as at the beginning, also after :meth:`stop`."""
        self._is_stopped = False

    def run(self, function: Callable[[], T], then: Callable[[], object] | None = None) -> Deferred[T]:
        """What `function` returns or raises, in its turn.  Fails with :class:`UnavailableError` after
        :meth:`stop`.

        :param then: called once that is on its way, if it was returned.
        """
        if self._is_stopped:
            return fail(UnavailableError("the channel is closed"))
        told: Deferred[T] = Deferred()
        self._tasks.put((function, told, then))
        if self._thread is None:
            self._thread = Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        return told

    def stop(self) -> None:
        """Do nothing more than what it was asked for until now."""
        self._is_stopped = True
        if self._thread is not None:
            self._tasks.put(None)
            self._thread = None

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            function, told, then = task
            try:
                result = function()
            except BaseException:  # noqa: BLE001 - whoever asked for it hears of it
                self._reactor.callFromThread(told.errback, Failure())
                continue
            self._reactor.callFromThread(told.callback, result)
            del task, function, told, result  # not to be kept alive until the next comes
            if then is not None:
                then()
