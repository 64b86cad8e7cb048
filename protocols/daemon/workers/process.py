"""One process that serves, as the first one sees it: started, asked over its link, and gone at some time."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from protocols.daemon.control.link import Link, linked
from protocols.daemon.control.serving import Methods
from protocols.daemon.occurrence import Occurrence

LINK: Final = 3
"""The descriptor of a worker's end of its link."""

PROGRAM: Final = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "import json; sys.path[:] = json.loads(sys.argv.pop()); "
    "from protocols.daemon.workers.worker import main; main(sys.argv[1])"
)
"""What a worker runs.  It finds modules where the first process does, whatever has told that one; and none
before that where it happens to be started, which may be a place that others write to."""

UNSAID: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""Variables of systemd that are between it and the first process."""


@dataclass(frozen=True, slots=True)
class Spawner:
    """Starts workers.

    :param reactor: theirs is of the same kind.
    :param output: gets what they write, where they are not to share our standard output and error.
    """

    reactor: Any
    output: Callable[[int, bytes], object] | None = None

    def __call__(self, methods: Methods) -> WorkerProcess:
        """Start one, which may call `methods`.  Raises :class:`OSError` if the system has no room for it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        worker = WorkerProcess(self.output)
        try:
            with theirs, open(os.devnull, "rb") as nothing:  # noqa: PTH123 - it is only passed on
                channels: dict[int, Any] = {0: nothing.fileno(), LINK: theirs.fileno()}
                channels |= {1: 1, 2: 2} if self.output is None else {1: "r", 2: "r"}
                self.reactor.spawnProcess(
                    worker, sys.executable, self._command(), env=_environment(), childFDs=channels
                )
        except BaseException:
            ours.close()
            raise
        worker.link = linked(ours, methods, self.reactor)
        return worker

    def _command(self) -> Sequence[str]:
        reactor = type(self.reactor).__module__
        return [sys.executable, "-c", PROGRAM, reactor, json.dumps(sys.path)]


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name not in UNSAID}


class WorkerProcess(ProcessProtocol):
    """One process.

    .. attribute:: link

       To it.

    .. attribute:: pid
    """

    link: Link
    pid: int

    def __init__(self, output: Callable[[int, bytes], object] | None = None) -> None:
        self.status: str | None = None
        """How it has ended, in words; ``None``: it has not."""
        self._output = output
        self._end: Occurrence[str] = Occurrence()

    def connectionMade(self) -> None:
        self.pid = self.transport.pid  # type: ignore[union-attr]  # there is one now

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: N803 - Twisted's name
        if self._output is not None:
            self._output(self.pid, data)

    def processExited(self, reason: Failure) -> None:  # noqa: N802 - Twisted's name
        # Not processEnded: programs that it has started may hold its output open.
        self.status = _in_words(reason.value)
        self.link.abort()
        self._end.happened(self.status)

    def when_ended(self) -> Deferred[str]:
        """Fires with how it has ended, once it has."""
        return self._end.when()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it has not ended."""
        if self.status is None and self.transport is not None:
            with suppress(ProcessExitedAlready):
                self.transport.signalProcess(number.value)


def _in_words(error: BaseException | None) -> str:
    number = getattr(error, "signal", None)
    if number is not None:
        return f"ended by {signal.Signals(number).name}"
    return f"exit status {getattr(error, 'exitCode', None) or 0}"
