"""Datagrams that the kernel dropped because its buffer was full."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from protocols.journal import Journal

SO_MEMINFO: Final = 55
"""The counters of a socket (include/uapi/asm-generic/socket.h, since Linux 4.12)."""

DROPS: Final = 8
"""Which of them it is (SK_MEMINFO_DROPS in include/uapi/linux/sock_diag.h), a 32-bit number."""

EVERY: Final = 10.0
"""Seconds between two looks: often enough to find the minute in a log, and next to nothing."""


def kernel_drops(bound: socket.socket) -> int:
    """Datagrams that the kernel has dropped on `bound`, modulo 2³²; 0 where it does not tell.

    It is the number that ``SO_RXQ_OVFL`` has the kernel add to each datagram, for which every one would have
    to be read with ``recvmsg``.
    """
    try:
        counters = bound.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 4 * (DROPS + 1))
    except OSError:
        return 0
    if len(counters) < 4 * (DROPS + 1):
        return 0
    return int(struct.unpack_from("=I", counters, 4 * DROPS)[0])


class DropWatch:
    """Tells `journal` from time to time what the kernel has dropped on `sockets`."""

    def __init__(self, sockets: Sequence[socket.socket], journal: Journal, clock: IReactorTime) -> None:
        self._seen = [(one, kernel_drops(one)) for one in sockets]
        self._journal = journal
        self._clock = clock
        self._timer: IDelayedCall | None = clock.callLater(EVERY, self._again) if sockets else None

    def look(self) -> None:
        """Look now."""
        total = 0
        for index, (one, before) in enumerate(self._seen):
            now = kernel_drops(one)
            self._seen[index] = one, now
            total += (now - before) % 2**32
        if total:
            self._journal.dropped_by_kernel(total)

    def stop(self) -> None:
        """Look for the last time."""
        self.look()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _again(self) -> None:
        self._timer = self._clock.callLater(EVERY, self._again)
        self.look()
