"""Which core runs what, and how much processor time a process has used."""

from __future__ import annotations

import ctypes
import os
import time
from dataclasses import dataclass
from pathlib import Path

from failure import BenchmarkError

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of a run; both ``None`` where there is only one, and nothing is pinned."""

    server: int | None
    load: int | None

    @classmethod
    def available(cls) -> Cores:
        """The first two cores this process may use."""
        cores = sorted(os.sched_getaffinity(0))
        return cls(cores[0], cores[1]) if len(cores) > 1 else cls(None, None)

    def __str__(self) -> str:
        if self.server is None:
            return "one core only: server and load generator share it, so expect low rates"
        return f"server on core {self.server}, load generator on core {self.load}"


def pin(pid: int, core: int | None) -> None:
    """Keep a process that was just started, and what threads it starts, on one core."""
    if core is not None:
        os.sched_setaffinity(pid, {core})


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far: user and system, every thread, ended ones included.

    POSIX clock_getcpuclockid(3): nanoseconds, where /proc/PID/stat counts in ticks of 10 ms.
    """
    clock = ctypes.c_int()
    error = _libc.clock_getcpuclockid(pid, ctypes.byref(clock))
    if error:
        raise BenchmarkError(f"processor time of process {pid}: {os.strerror(error)}")
    return time.clock_gettime(clock.value)


def family(pid: int) -> list[int]:
    """A process, its children, theirs, and so on."""
    found = [pid]
    for each in found:
        try:
            threads = list(Path(f"/proc/{each}/task").iterdir())
            for thread in threads:
                found += [int(child) for child in (thread / "children").read_text().split()]
        except FileNotFoundError:
            continue  # it has ended meanwhile
    return found


def resident(pid: int) -> int:
    """Bytes of memory that are a process's own."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise BenchmarkError(f"/proc/{pid}/status says nothing of memory")


def descriptors(pid: int) -> dict[int, str]:
    """What a process has open, by number."""
    found = {}
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found[int(link.name)] = str(link.readlink())
        except FileNotFoundError:
            pass  # closed since
    return found


def parent(pid: int) -> int:
    """Who has started a process."""
    return int(_stat(pid)[1])


def is_there(pid: int) -> bool:
    """Whether a process has not ended: what is in state Z has, and only its parent has not heard of it."""
    try:
        return _stat(pid)[0] != "Z"
    except FileNotFoundError:
        return False


def _stat(pid: int) -> list[str]:
    """What proc_pid_stat(5) says after the name, beginning with the state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
