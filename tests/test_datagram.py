from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from twisted.internet.defer import Deferred

from protocols.datagram import LIMIT, DatagramServer
from protocols.handlers import BUILTINS, FunctionHandler
from protocols.journal import Journal

ALICE = ("192.0.2.1", 4000)
BOB = ("192.0.2.2", 4000)


class Order(BaseModel):
    amount: int


class FakeTransport:
    """A datagram transport that keeps what is sent, or has to drop it."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Any]] = []
        self.full = False

    def write(self, data: bytes, address: Any) -> bool:
        if not self.full:
            self.sent.append((data, address))
        return not self.full


class Bound:
    def __init__(self, handler: Any, **limits: int) -> None:
        self.transport = FakeTransport()
        self.server = DatagramServer(handler, journal=Journal("tested"), **limits)
        self.counts = self.server.journal.counts
        self.server.makeConnection(self.transport)

    def receive(self, data: bytes, address: Any = ALICE) -> list[tuple[bytes, Any]]:
        self.server.datagramReceived(data, address)
        return self.transport.sent


@pytest.fixture
def bound(clock):
    def bound(function: Any, **limits: int) -> Bound:
        return Bound(FunctionHandler(function, reactor=clock, run="loop"), **limits)

    return bound


def test_one_in_one_out(bound):
    service = bound(lambda message: message.upper())
    service.receive(b"a")
    assert service.receive(b"b", BOB) == [(b"A", ALICE), (b"B", BOB)]
    assert service.counts.datagrams == 2
    assert not service.server.open


def test_answers_need_not_keep_the_order(bound):
    answers: dict[bytes, Deferred[bytes]] = {b"1": Deferred(), b"2": Deferred()}

    async def slow(message: bytes) -> bytes:
        return await answers[message]

    service = bound(slow)
    service.receive(b"1")
    service.receive(b"2")
    answers[b"2"].callback(b"second")
    answers[b"1"].callback(b"first")
    assert [data for data, _ in service.transport.sent] == [b"second", b"first"]


def test_more_than_pending_are_dropped_and_counted(bound):
    answers: list[Deferred[bytes]] = []

    async def slow(message: bytes) -> bytes:
        answers.append(Deferred())
        return await answers[-1]

    service = bound(slow, pending=2)
    for _ in range(5):
        service.receive(b"x")
    assert len(answers) == 2
    assert service.counts.overload == 3
    answers[0].callback(b"")
    service.receive(b"x")
    assert len(answers) == 3


def test_oversize_is_dropped_and_counted(bound):
    service = bound(lambda message: message, limit=10)
    service.receive(b"x" * 11)
    assert service.receive(b"x" * 10) == [(b"x" * 10, ALICE)]
    assert service.counts.oversize == 1


def test_reply_that_is_too_long_is_a_failure(bound, failures):
    service = bound(lambda message: b"x" * (LIMIT + 1))
    assert service.receive(b"x") == []
    failures.take(ValueError)
    assert service.counts.failures == 1
    assert not service.server.open


def test_raising_function_gives_no_reply(bound, failures):
    def boom(message: bytes) -> bytes:
        raise LookupError

    service = bound(boom)
    assert service.receive(b"x") == []
    failures.take(LookupError)


def test_bad_message_is_explained(bound):
    def take(order: Order) -> int:
        return order.amount

    service = bound(take)
    ((problem, _),) = service.receive(b"{}")
    assert b'"status":422' in problem
    assert service.counts.rejected == 1


def test_sender_without_address_hears_nothing(bound):
    service = bound(lambda message: message)
    assert service.receive(b"x", None) == []
    assert service.counts.unsent == 1


def test_full_kernel_buffer_is_counted(bound):
    service = bound(lambda message: message)
    service.transport.full = True
    assert service.receive(b"x") == []
    assert service.counts.unsent == 1


def test_drain_waits_for_pending_answers(bound):
    answer: Deferred[bytes] = Deferred()

    async def slow(message: bytes) -> bytes:
        return await answer

    service = bound(slow)
    assert service.server.drain().called
    service.receive(b"x")
    drained = service.server.drain()
    assert not drained.called
    answer.callback(b"done")
    assert drained.called
    assert service.transport.sent == [(b"done", ALICE)]


def test_abort_cancels_pending_answers(bound):
    cancelled = []

    async def slow(message: bytes) -> bytes:
        try:
            return await Deferred()
        finally:
            cancelled.append(message)

    service = bound(slow)
    service.receive(b"x")
    service.server.abort()
    assert cancelled == [b"x"]
    assert service.transport.sent == []
    assert not service.server.open


def test_generator_sends_a_datagram_for_each_item(bound, clock):
    def count(message: bytes):
        yield from (b"1", b"2", b"3")

    service = bound(count)
    assert service.receive(b"x") == [(b"1", ALICE), (b"2", ALICE), (b"3", ALICE)]


@pytest.mark.parametrize("port", [7, 9, 13, 17, 19, 37])
@pytest.mark.parametrize("name", BUILTINS)
def test_builtins_do_not_answer_each_other(name, port):
    assert Bound(BUILTINS[name].datagram).receive(b"x", ("192.0.2.1", port)) == []
