from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from protocols.daemon.numbers import Numbers
from protocols.daemon.sockets import BoundSocket
from protocols.daemon.spec.address import Address
from protocols.daemon.workers.handed_sockets import Received, Sending


@pytest.fixture
def bound() -> Iterator[list[BoundSocket]]:
    made = [
        BoundSocket(Address("tcp", "127.0.0.1", number), socket.socket(), unlink=(1, 2))
        for number in range(1, 4)
    ]
    yield made
    for one in made:
        one.socket.close()


class Worker:
    """Another process, which is this one."""

    def __init__(self, numbers: Numbers, most: int = 253) -> None:
        self.sending = Sending(numbers, most)
        self.received = Received()
        self.parcels: list[int] = []

    def give(self, sockets):
        for parcel in self.sending.parcels(sockets):
            self.parcels.append(len(parcel.numbers))
            self.received.take(parcel.numbers, [os.dup(number) for number in parcel.descriptors])
        listed = self.sending.listed(sockets)
        found = self.received.bound(listed)
        self.sending.forget(sockets)
        self.received.keep(listed)
        return found


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(Numbers())
    yield worker
    worker.give({})


def inode(one: socket.socket) -> int:
    return os.fstat(one.fileno()).st_ino


def test_sockets_arrive_with_their_addresses_and_without_paths_to_remove(worker, bound):
    found = worker.give({"a": bound[:1], "b": bound[1:]})
    assert {name: [str(one.address) for one in sockets] for name, sockets in found.items()} == {
        "a": ["tcp://127.0.0.1:1"],
        "b": ["tcp://127.0.0.1:2", "tcp://127.0.0.1:3"],
    }
    assert [inode(one.socket) for one in found["b"]] == [inode(one.socket) for one in bound[1:]]
    assert all(one.unlink is None for sockets in found.values() for one in sockets)


def test_what_is_there_already_does_not_travel_and_stays_what_it_is(worker, bound):
    first = worker.give({"a": bound[:2]})
    second = worker.give({"a": bound[:2], "b": bound[2:]})
    assert worker.parcels == [2, 1]
    assert [one is other for one, other in zip(first["a"], second["a"], strict=True)] == [True, True]


def test_what_nobody_listens_on_any_more_is_closed_and_may_come_again(worker, bound):
    gone = worker.give({"a": bound[:1]})["a"][0]
    worker.give({"b": bound[1:]})
    assert gone.socket.fileno() == -1
    again = worker.give({"a": bound[:1]})["a"][0]
    assert inode(again.socket) == inode(bound[0].socket)


def test_an_address_may_become_another_on_the_same_socket(worker, bound):
    from dataclasses import replace

    worker.give({"a": bound[:1]})
    tls = replace(bound[0], address=replace(bound[0].address, scheme="tls"))
    found = worker.give({"a": [tls]})["a"][0]
    assert (found.address.scheme, worker.parcels) == ("tls", [1])


def test_a_socket_that_two_services_have_travels_once(worker, bound):
    found = worker.give({"a": bound[:1], "b": bound[:1]})
    assert worker.parcels == [1]
    assert found["a"][0].socket is found["b"][0].socket


def test_parcels_are_small_enough(bound):
    worker = Worker(Numbers(), most=2)
    worker.give({"a": bound})
    assert worker.parcels == [2, 1]
    worker.give({})
