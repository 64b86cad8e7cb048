"""Where a function of a route runs: in the loop, in threads or in other processes."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Mapping
from typing import Any

from twisted.internet.defer import Deferred

from protocols.handlers.coroutines import runner
from protocols.handlers.deadline import Deadlines
from protocols.handlers.function import TIMEOUT, Run
from protocols.handlers.processes import ProcessPool
from protocols.handlers.signature import Kind, name_of
from protocols.handlers.threads import WORKERS, ThreadPool
from protocols.session import Peer


class Calling:
    """Calls `function` with arguments by name, where it belongs.

    :param run: by default an ``async def`` runs in the loop, a ``def`` in threads.
    :param encode: makes bytes of a result; in the thread that made it.
    :param apart: whether its arguments are such that another process can have them.

    Raises :class:`TypeError` if the function and these settings do not fit.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        kind: Kind,
        *,
        reactor: Any,
        run: Run | None = None,
        workers: int | None = None,
        timeout: float = TIMEOUT,
        encode: Callable[[Any], Any],
        apart: bool = True,
    ) -> None:
        self.name = name_of(function)
        self.threads: ThreadPool | None = None
        self.run_coroutine = runner(reactor)
        self._function = function
        self._is_async = kind == "coroutine"
        self._encode = encode
        self._deadlines = Deadlines(timeout, reactor)
        self._late = f"{self.name} did not answer within {timeout:g} s"
        self._processes: ProcessPool | None = None
        is_async = kind in ("coroutine", "async generator")
        where = run or ("loop" if is_async else "threads")
        if is_async and where != "loop":
            raise TypeError(f"{self.name} is async and runs in the loop; run: {where} is for a plain def")
        if workers is not None and where == "loop":
            raise TypeError(f"workers is for run: threads or processes; {self.name} runs in the loop")
        if where == "threads":
            self.threads = ThreadPool(reactor, workers or WORKERS, self.name)
        elif where == "processes":
            if not apart:
                raise TypeError(f"{self.name} takes what no other process can have; run: processes is not it")
            self._processes = ProcessPool(
                reactor,
                CalledByName(function),
                annotation=bytes,
                codec=None,
                wants_peer=False,
                workers=workers,
            )

    def call(self, arguments: Mapping[str, Any]) -> Any:
        """What the function gives, encoded or not, or a generator of such; or a Deferred of it."""
        if self.threads is not None:
            return self.threads.call(self._work, arguments)
        if self._processes is not None:
            return self._processes.call(pickle.dumps(dict(arguments)), Peer("none"))
        outcome = self._function(**arguments)
        return self.run_coroutine(outcome) if self._is_async else outcome

    def limited(self, outcome: Deferred[Any]) -> Deferred[Any]:
        """`outcome`, or ``CallTimeoutError`` once it takes longer than the timeout."""
        return self._deadlines.limited(outcome, self._late)

    def stop(self) -> None:
        """End the threads or processes; no call is made after this."""
        self._deadlines.stop()
        if self.threads is not None:
            self.threads.stop()
        if self._processes is not None:
            self._processes.stop()

    def _work(self, arguments: Mapping[str, Any]) -> Any:
        value = self._function(**arguments)
        return value if value is None or isinstance(value, Generator) else self._encode(value)


class CalledByName:
    """A function in another process, whose arguments come pickled: by this machine, for itself."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.__qualname__ = getattr(function, "__qualname__", type(function).__qualname__)
        self.__module__ = getattr(function, "__module__", __name__)

    def __call__(self, arguments: bytes) -> Any:
        # What is pickled here was validated, and made by this very program.
        return self._function(**pickle.loads(arguments))  # noqa: S301
