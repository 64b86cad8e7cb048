from __future__ import annotations

import socket

import pytest
from twisted.internet.task import Clock

from protocols.guard.limits.drop_watch import EVERY, DropWatch, kernel_drops
from protocols.journal import Journal


@pytest.fixture
def bound():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.bind(("127.0.0.1", 0))
        yield one


def flood(bound: socket.socket, datagrams: int = 200) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(datagrams):
            sender.sendto(b"x" * 1000, bound.getsockname())


def read(bound: socket.socket) -> int:
    bound.setblocking(False)
    number = 0
    while True:
        try:
            bound.recv(2000)
        except BlockingIOError:
            return number
        number += 1


def test_what_does_not_fit_is_counted(bound):
    assert kernel_drops(bound) == 0
    flood(bound)
    assert 0 < kernel_drops(bound) == 200 - read(bound)


def test_what_has_no_such_number_has_dropped_nothing():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
        assert kernel_drops(stream) == 0
    assert kernel_drops(stream) == 0


def test_what_is_new_is_told_from_time_to_time_and_in_the_end(bound, said):
    flood(bound)
    read(bound)
    clock, journal = Clock(), Journal("tested")
    watch = DropWatch([bound], journal, clock)
    clock.advance(EVERY)
    assert journal.counts.kernel_drops == 0, "those were before"
    flood(bound)
    first = 200 - read(bound)
    clock.advance(EVERY)
    clock.advance(EVERY)
    assert journal.counts.kernel_drops == first
    flood(bound)
    second = 200 - read(bound)
    watch.stop()
    assert journal.counts.kernel_drops == first + second
    assert said == [
        f"tested: {first} datagrams came faster than they were read, and are lost ({first} so far)",
        f"tested: {second} datagrams came faster than they were read, and are lost ({first + second} so far)",
    ]
    assert clock.getDelayedCalls() == []
    watch.stop()


def test_without_sockets_there_is_nothing_to_do():
    clock = Clock()
    watch = DropWatch([], Journal("tested"), clock)
    assert clock.getDelayedCalls() == []
    watch.stop()
