from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from protocols.guard.limits.shared_memory import SharedMemory
from protocols.guard.limits.shared_tally import SharedTallies


@pytest.fixture
def created() -> Iterator[Callable[[int], int]]:
    """Makes the memory of so many processes."""
    descriptors: list[int] = []

    def create(processes: int) -> int:
        descriptors.append(SharedMemory.create(processes))
        return descriptors[-1]

    yield create
    for descriptor in descriptors:
        os.close(descriptor)


def test_every_mapping_is_the_same_memory(created):
    descriptor = created(2)
    one, other = SharedMemory(descriptor, 2), SharedMemory(descriptor, 2)
    one.moments[-1] = 1.5
    one.seen[-1] = 7
    one.counts[0][-1] = 3
    one.counts[1][0] = 4
    assert (other.moments[-1], other.seen[-1], other.counts[0][-1], other.counts[1][0]) == (1.5, 7, 3, 4)
    assert len(one.secret) == 16
    assert one.secret == other.secret != bytes(16)
    for each in one, other:
        each.close()


def test_what_a_process_counted_goes_with_it(created):
    memory = SharedMemory(created(2), 2)
    memory.counts[0][5] = memory.counts[1][5] = 1
    memory.moments[5] = 1.0
    memory.clear(1)
    assert (memory.counts[0][5], memory.counts[1][5], memory.moments[5]) == (1, 0, 1.0)
    memory.close()


PROGRAM = """
import sys
from protocols.guard.limits.shared_memory import SharedMemory
from protocols.guard.limits.shared_tally import SharedTallies

index = int(sys.argv[2])
tally = SharedTallies(SharedMemory(int(sys.argv[1]), 3), index).of("shop")
for number in range(2000):
    tally.elsewhere.count(f"192.0.2.{number % 50}", 1)
    tally.elsewhere.count(f"198.51.100.{number % 50}", 1)
    tally.elsewhere.count(f"198.51.100.{number % 50}", -1)
    tally.buckets("slow", 1e-3, 10).charge("192.0.2.7", 1, 0)
"""


def test_several_processes_count_together(created):
    descriptor = created(3)
    counting = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(descriptor), str(i)], pass_fds=[descriptor])
        for i in range(2)
    ]
    assert [process.wait() for process in counting] == [0, 0]
    memory = SharedMemory(descriptor, 3)
    tally = SharedTallies(memory, 2).of("shop")
    assert {tally.elsewhere.of(f"192.0.2.{n}") for n in range(50)} == {80}
    assert {tally.elsewhere.of(f"198.51.100.{n}") for n in range(50)} == {0}
    assert tally.elsewhere.total() == 4000
    # A charge may be lost where another process makes one in the same moment, as it often happens here: they
    # do hardly anything else.
    owed = tally.buckets("slow", 1e-3, 10).charge("192.0.2.7", 0, 0) * 1e-3
    assert 2500 < owed <= 4000
