"""The process that takes over, seen from the one that it replaces."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from protocols.daemon.systemd import inherit_watchdog
from protocols.daemon.upgrade.handover import READY, SOCKETS, VARIABLE, send

PATIENCE: Final = 90.0
"""Seconds until it is ready: applications may take a minute to start, and there is no hurry."""


class UpgradeError(Exception):
    """There is no process that takes over; the text says why, and all is as before."""


class Successor(ProcessProtocol):
    """The same command as that which has started this process, with whatever is installed by now.

    :param sockets: what it gets, with names as systemd gives them.
    :param directory: where this process was started.

    .. attribute:: pid

       Of the process, once it was started.
    """

    def __init__(self, sockets: Sequence[tuple[str, socket.socket]], directory: str, reactor: Any) -> None:
        self.pid = 0
        self._sockets = sockets
        self._directory = directory
        self._reactor = reactor
        self._ready: Deferred[int] | None = None
        self._late: IDelayedCall | None = None

    def start(self) -> Deferred[int]:
        """Start it; fires with its id once it serves, or fails with :class:`UpgradeError`."""
        ready = self._ready = Deferred()
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with ours, theirs:
                process = self._reactor.spawnProcess(
                    self,
                    sys.executable,
                    [sys.executable, *sys.orig_argv[1:]],
                    env=_environment(os.environ),
                    path=self._directory,
                    childFDs={0: 0, 1: 1, 2: 2, SOCKETS: theirs.fileno(), READY: "r"},
                )
                self.pid = process.pid
                send(ours, self._sockets)
        except OSError as error:
            self._failed(f"it cannot be started: {error}")
            return ready
        self._late = self._reactor.callLater(PATIENCE, self._too_late)
        return ready

    def give_up(self, why: str) -> None:
        """End it, unless it serves."""
        if self._ready is not None:
            self.transport.signalProcess("KILL")  # type: ignore[union-attr]  # IProcessTransport has it
            self._failed(f"{why}; the new process has been ended")

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: N803 - Twisted's names
        """It is ready (IProcessProtocol)."""
        ready = self._settled()
        if ready is not None:
            ready.callback(self.pid)

    def processExited(self, reason: Failure) -> None:  # noqa: N802 - Twisted's name
        """It has ended (IProcessProtocol)."""
        error = reason.value
        if isinstance(error, ProcessTerminated) and error.status is not None:
            how = (
                f"with status {error.exitCode}" if error.exitCode is not None else f"by signal {error.signal}"
            )
        else:
            how = "in good order"
        self._failed(f"the new process has ended {how} before it was ready; its own messages say why")

    def _too_late(self) -> None:
        self._late = None
        self.give_up(f"it was not ready within {PATIENCE:g} s")

    def _failed(self, why: str) -> None:
        ready = self._settled()
        if ready is not None:
            ready.errback(UpgradeError(why))

    def _settled(self) -> Deferred[int] | None:
        ready, self._ready = self._ready, None
        if self._late is not None and self._late.active():
            self._late.cancel()
        return ready


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    given = {**environment, VARIABLE: f"{SOCKETS},{READY}"}
    inherit_watchdog(given)
    return given
