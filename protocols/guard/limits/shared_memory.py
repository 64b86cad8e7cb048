"""The memory in which several processes count what sources have and take together."""

from __future__ import annotations

import mmap
import os
import secrets
from typing import Final

from protocols.guard.limits.sketch import COLUMNS, ROWS, SECRET

CELLS: Final = ROWS * COLUMNS
COUNT: Final = 4
"""Bytes of a number of connections."""
MOMENT: Final = 8
"""Bytes of a moment."""
SLOTS: Final = 2**16
"""Sources that are remembered by a number of 64 bits each; of two with one slot, the one seen last."""
SLOT: Final = 8

HEADER: Final = mmap.PAGESIZE
"""Bytes before the tables: the secret."""
COMMON: Final = HEADER + SLOT * SLOTS + MOMENT * CELLS
"""Bytes before the first process's own."""
OWN: Final = COUNT * CELLS


class SharedMemory:
    """One piece of memory, mapped by each of `processes` that serve and by the one that watches over them.

    It takes 8.5 MiB, and 4 MiB more for each process; a page that was never written to takes nothing.  Each
    cell is written at once, in its own four or eight bytes.

    :param descriptor: of an anonymous file of :meth:`size` bytes, which stays the caller's.
    """

    def __init__(self, descriptor: int, processes: int) -> None:
        self._memory = memory = mmap.mmap(descriptor, self.size(processes))
        self.secret = bytes(memory[:SECRET])
        view = memoryview(memory)
        self.seen = view[HEADER : HEADER + SLOT * SLOTS].cast("Q")
        """By slot: who was seen last, and when."""
        self.moments = view[HEADER + SLOT * SLOTS : COMMON].cast("d")
        """By cell: written to by all."""
        self.counts = [
            view[COMMON + OWN * index : COMMON + OWN * (index + 1)].cast("I") for index in range(processes)
        ]
        """By process and cell: written to by that one only."""

    @staticmethod
    def size(processes: int) -> int:
        """Bytes."""
        return COMMON + OWN * processes

    @classmethod
    def create(cls, processes: int) -> int:
        """The descriptor of a new one, which is closed on exec."""
        descriptor = os.memfd_create("limits", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, cls.size(processes))
        os.pwrite(descriptor, secrets.token_bytes(SECRET), 0)
        return descriptor

    def clear(self, index: int) -> None:
        """The process `index` is no more, and neither are its connections.

        What moments say fades by itself.
        """
        self.counts[index][:] = memoryview(bytes(OWN)).cast("I")

    def close(self) -> None:
        """Give the memory back; nothing that was made of this may be used any more."""
        self.seen.release()
        self.moments.release()
        for counts in self.counts:
            counts.release()
        self._memory.close()
