"""The calls of one ASGI application: tasks in the reactor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from twisted.python.failure import Failure

from protocols.handlers.coroutines import beginner, run
from protocols.handlers.deadline import Deadlines
from protocols.handlers.task import Task
from protocols.http.routes.app_interface import check_asgi
from protocols.journal import Journal
from protocols.roster import Roster

HEAD: Final = 0.1
"""Seconds a head waits for the first of its body; until then a mistake can still be told the client."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class DisconnectedError(OSError):
    """Nobody reads what is sent."""


class Runtime:
    """Where an application runs.

    :param timeout: seconds until a response has to begin, and which a call may go on after its client has
        gone.

    Raises :class:`TypeError` for an application that is certainly none of ASGI 3, and :class:`ValueError`
    where the reactor has no asyncio.
    """

    def __init__(
        self, application: Application, *, reactor: Any, journal: Journal, name: str, timeout: float
    ) -> None:
        check_asgi(application, name)
        self.begin = beginner(reactor)
        if self.begin is run:
            raise ValueError(
                "an ASGI application needs asyncio, and this reactor does not run it; "
                "without --reactor, or with --reactor=polyport or asyncio, the daemon has one that does"
            )
        self.application = application
        self.reactor = reactor
        self.journal = journal
        self.deadlines = Deadlines(timeout, reactor)
        self.heads = Deadlines(HEAD, reactor)
        """Until a response that has a head begins without a body."""
        self.late = f"{name} did not begin its response within {timeout:g} s"
        self.state: dict[str, Any] = {}
        """What the application's lifespan has left for every request."""
        self.calls: Roster[ApplicationTask] = Roster()
        """Those under way."""

    def stop(self) -> None:
        """End every call."""
        self.deadlines.stop()
        self.heads.stop()
        for call in self.calls:
            call.cancel()


class ApplicationTask:
    """One call of an application.

    :param ended: is called with what it raised, or with ``None``; not after :meth:`cancel`.
    :param counts: whether it is one of the runtime's ``calls``.
    """

    def __init__(
        self, runtime: Runtime, ended: Callable[[BaseException | None], None], *, counts: bool = True
    ) -> None:
        self.running = False
        """Whether it has begun and not ended."""
        self._runtime = runtime
        self._counts = counts
        self._ended = ended
        self._task: Task | None = None
        self._cancelled = False

    def start(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Call the application, and run it until it waits."""
        self.running = True
        if self._counts:
            self._runtime.calls.add(self)
        try:
            outcome = self._runtime.begin(self._call(scope, receive, send))
        except BaseException as error:  # noqa: BLE001 - whatever an application raises ends here
            self._finish(error)
            return
        if isinstance(outcome, Task):
            self._task = outcome
            outcome.tell(self._told)
        else:
            self._finish(None)

    def limit(self, expire: Callable[[], object]) -> None:
        """Call `expire` unless :meth:`unlimit` is called, or this again, or the task ends in time."""
        self._runtime.deadlines.end(self)
        self._runtime.deadlines.begin(self, expire)

    def unlimit(self) -> None:
        """It may take its time."""
        self._runtime.deadlines.end(self)

    def cancel(self) -> None:
        """Raise CancelledError in it."""
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()

    async def _call(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await self._runtime.application(scope, receive, send)

    def _told(self, outcome: Any) -> None:
        self._finish(outcome.value if isinstance(outcome, Failure) else None)

    def _finish(self, error: BaseException | None) -> None:
        self.running = False
        if self._counts:
            self._runtime.calls.remove(self)
        self._runtime.deadlines.end(self)
        if not self._cancelled:
            self._ended(error)


def header_pairs(headers: Any) -> list[tuple[str, str]]:
    """Names and values as text, of those that an application gives as bytes.

    Raises :class:`TypeError` for what is none.
    """
    pairs = []
    for name, value in headers:
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise TypeError("the names and values of headers are bytes")
        pairs.append((name.decode("latin-1"), value.decode("latin-1")))
    return pairs
