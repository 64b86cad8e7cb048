"""What one process knows of what a group was handed out, without a server."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from protocols.channels.nats.group_consumer import LATE, GroupConsumer
from protocols.channels.nats.stored_message import Delivery
from protocols.channels.nats.stream import SECOND
from protocols.channels.nats.subjects import Subjects
from protocols.handlers.coroutines import run

DEADLINE = 30.0


class FakeMessage:
    subject, data, headers = "s", b"x", None

    def __init__(self, seq):
        self.reply = f"$JS.ACK.s.g.1.{seq}.{seq}.0.0"


class FakeServer:
    """A stream, the connection to it, and the consumer's messages: one for each claim."""

    name = "s"
    subjects = Subjects.ours("s")

    def __init__(self):
        self.connection = self
        self.pending = 0
        self.said = []
        self.seq = 0

    async def api(self, what, **named):
        return {"num_ack_pending": self.pending, "config": {"ack_wait": round(DEADLINE * SECOND)}}

    async def request(self, subject, payload):
        self.said.append(payload)

    async def fetch(self, most):
        self.seq += 1
        message = FakeMessage(self.seq)
        return [(message, Delivery.of(message.reply))]


@pytest.fixture
def server():
    return FakeServer()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def consumer(server, clock):
    made = GroupConsumer(server, "g", clock)
    made._pull = server
    return made


def claimed(consumer):
    (claim,) = run(consumer.claim(1, DEADLINE))
    return claim.message.seq


def test_what_was_given_back_and_is_held_elsewhere_is_due_after_the_whole_deadline(consumer, server, clock):
    seq = claimed(consumer)
    server.pending = 1
    assert run(consumer.due()) == DEADLINE
    run(consumer.give_back(seq, "its member left", 0.0))
    assert server.said == [b"-NAK"]
    for _ in range(3):
        assert run(consumer.due()) == DEADLINE
        clock.advance(10)


def test_what_was_given_back_for_later_is_due_then(consumer, server, clock):
    run(consumer.give_back(claimed(consumer), "not now", 5.0))
    server.pending = 1
    clock.advance(2)
    assert run(consumer.due()) == 3.0
    clock.advance(3)
    assert run(consumer.due()) == 0.0, "whose clock may be a little behind"
    clock.advance(LATE)
    assert run(consumer.due()) == DEADLINE, "somebody else has it"


def test_what_nats_did_not_take_back_is_due_when_it_was(consumer, server, clock):
    seq = claimed(consumer)
    server.pending = 1
    del server.connection
    with pytest.raises(AttributeError):
        run(consumer.give_back(seq, "", 0.0))
    server.connection = server
    clock.advance(10)
    assert run(consumer.due()) == DEADLINE - 10


def test_what_others_were_handed_after_its_deadline_is_forgotten_here(consumer, clock):
    """By a group that has always something to do, and never asks what is due."""
    for _ in range(100):
        claimed(consumer)
        clock.advance(DEADLINE / 10)
    assert len(consumer._held) <= 11
