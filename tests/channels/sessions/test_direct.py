"""One message of a peer that has no session."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from protocols.channels import Channel, RefusedError, UnavailableError
from protocols.channels.intake import Intake
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.message import Receipt
from protocols.channels.sessions.direct import direct_publisher
from protocols.session import Peer

PEER = Peer("udp", "192.0.2.1", 5000)


@pytest.fixture
def channel():
    made = Channel("readings", MemoryStore(MemoryLog()), clock=Clock(), intake=Intake(most=5))
    made.open()
    return made


def test_what_is_said(channel):
    assert direct_publisher(channel, reply=True, key="k")(b"a", PEER) == b"OK 1"
    assert direct_publisher(channel, reply=False)(b"b", PEER) is None
    first, second = channel.tail.after(0, 9)
    assert (first.body, first.key, first.sender) == (b"a", "k", str(PEER))
    assert (second.body, second.key) == (b"b", "")


@pytest.mark.parametrize("reply", [True, False])
def test_whose_fault_it_is_is_said_in_any_case(channel, reply):
    assert isinstance(direct_publisher(channel, reply=reply)(b"too long", PEER), RefusedError)


def test_a_store_that_takes_its_time(channel):
    told = Deferred()
    channel.store.append = lambda entries: told
    assert direct_publisher(channel, reply=True)(b"a", PEER) is told
    told.callback([Receipt(1)])


@pytest.mark.parametrize("error", [UnavailableError("it is away"), ZeroDivisionError("a mistake")])
def test_nobody_hears_of_what_was_not_published_but_of_mistakes(channel, failures, error):
    channel.store.append = lambda entries: fail(error)
    assert direct_publisher(channel, reply=False)(b"a", PEER) is None
    if isinstance(error, ZeroDivisionError):
        failures.take(ZeroDivisionError)
