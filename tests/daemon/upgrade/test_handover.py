"""Sockets that go from one process to the next."""

from __future__ import annotations

import os
import socket

import pytest

from protocols.daemon.upgrade.handover import AT_ONCE, VARIABLE, receive, send
from protocols.daemon.upgrade.predecessor import Predecessor


@pytest.fixture
def channel():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def test_more_than_one_packet_takes(channel):
    ours, theirs = channel
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        send(ours, [(f"name {n % 3}", one) for n in range(2 * AT_ONCE + 1)])
        received = receive(theirs)
        assert {name: len(some) for name, some in received.items()} == {
            "name 0": 67,
            "name 1": 67,
            "name 2": 67,
        }
        for each in (each for some in received.values() for each in some):
            assert each.getsockname() == one.getsockname()
            assert not each.get_inheritable()
            each.close()


def test_nothing_at_all(channel):
    ours, theirs = channel
    send(ours, [])
    assert receive(theirs) == {}


def test_one_that_ends_too_early_is_no_predecessor(channel):
    ours, theirs = channel
    ours.close()
    with pytest.raises(EOFError, match="has ended before it handed everything over"):
        receive(theirs)


@pytest.mark.parametrize("told", ["", "3", "3,", "a,b", "3,b"])
def test_who_takes_over_from_nobody(told):
    environment = {VARIABLE: told, "HOME": "/"}
    assert Predecessor.found(environment) is None
    assert environment == {"HOME": "/"}


def test_the_one_before_hears_that_this_one_is_ready(channel):
    ours, theirs = channel
    reading, writing = os.pipe()
    with socket.socket() as one:
        send(ours, [("web", one)])
    environment = {VARIABLE: f"{theirs.detach()},{writing}"}
    predecessor = Predecessor.found(environment)
    assert predecessor is not None
    assert environment == {}
    assert list(predecessor.sockets) == ["web"]
    for each in predecessor.sockets["web"]:
        each.close()
    predecessor.say_ready()
    predecessor.say_ready()
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"ready"


def test_one_that_is_gone_need_not_hear_it(channel):
    ours, theirs = channel
    reading, writing = os.pipe()
    send(ours, [])
    predecessor = Predecessor.found({VARIABLE: f"{theirs.detach()},{writing}"})
    os.close(reading)
    assert predecessor is not None
    predecessor.say_ready()
