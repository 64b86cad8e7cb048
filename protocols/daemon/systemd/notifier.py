"""What systemd is told of how the daemon is doing."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Mapping
from typing import Final

from protocols.daemon.systemd.notification import MOST_DESCRIPTORS, VARIABLE, notify
from protocols.daemon.systemd.stored import stored_name

LONGEST_STATUS: Final = 512
"""Characters: `systemctl status` shows one line."""


class Notifier:
    """Tells systemd what it wants to know; does nothing where there is none.

    No method raises anything: a daemon serves whether somebody hears of it or not.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self._stored: dict[str, set[str]] = {}

    @property
    def is_heard(self) -> bool:
        """Whether systemd wants to know."""
        return bool(self._environment.get(VARIABLE))

    def ready(self, status: str = "") -> None:
        """Everything is served; also at the end of a reload, whatever has become of it."""
        self._tell("READY=1", *_status(status))

    def reloading(self, status: str = "reloading") -> None:
        """A reload begins, :meth:`ready` is its end.  Which of the two came last is a matter of the time that
        is told with it (``Type=notify-reload``)."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={_now()}", *_status(status))

    def stopping(self, status: str = "stopping") -> None:
        """The daemon stops, by itself or because it was told to."""
        self._tell("STOPPING=1", *_status(status))

    def status(self, text: str) -> None:
        """What is going on, in one line, such as ``serving 12 services``."""
        self._tell(*_status(text))

    def main_pid(self, pid: int) -> None:
        """Another process is the daemon from now on.  It has to be told by the one that was until then."""
        self._tell(f"MAINPID={pid}")

    def alive(self) -> None:
        """What the watchdog wants to hear; see :class:`~protocols.daemon.systemd.Watchdog`."""
        self._tell("WATCHDOG=1")

    def store(self, name: str, sockets: Iterable[socket.socket]) -> None:
        """Have systemd keep `sockets` of the service `name` over a restart, instead of those it had of it.

        The unit says how many it keeps (``FileDescriptorStoreMax=``); further ones it does not.
        """
        if not self.is_heard:
            return
        self.forget(name)
        by_name: dict[str, list[int]] = {}
        for one in sockets:
            by_name.setdefault(stored_name(name, one), []).append(one.fileno())
        for stored, descriptors in by_name.items():
            self._stored.setdefault(name, set()).add(stored)
            for begin in range(0, len(descriptors), MOST_DESCRIPTORS):
                # FDPOLL: otherwise a socket is dropped that has an error, such as that of a datagram that
                # has not arrived.
                self._tell(
                    "FDSTORE=1",
                    f"FDNAME={stored}",
                    "FDPOLL=0",
                    descriptors=descriptors[begin : begin + MOST_DESCRIPTORS],
                )

    def forget(self, name: str) -> None:
        """What is stored of the service `name` is to be closed."""
        self.forget_stored(self._stored.pop(name, ()))

    def forget_stored(self, names: Iterable[str]) -> None:
        """The same for what a process before this one has stored, see :attr:`StoredSockets.names`."""
        for stored in sorted(names):
            self._tell("FDSTOREREMOVE=1", f"FDNAME={stored}")

    def _tell(self, *assignments: str, descriptors: Iterable[int] = ()) -> None:
        if assignments:
            notify(*assignments, descriptors=list(descriptors), environment=self._environment)


def _status(text: str) -> list[str]:
    return [f"STATUS={' '.join(text.split())[:LONGEST_STATUS]}"] if text else []


def _now() -> int:
    """Microseconds of CLOCK_MONOTONIC."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
