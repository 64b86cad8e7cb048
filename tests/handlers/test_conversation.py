from __future__ import annotations

import pytest
from pydantic import BaseModel
from twisted.internet.defer import CancelledError, Deferred

from protocols.handlers import Conversation


class Order(BaseModel):
    amount: int


async def shout(connection: Conversation[str]) -> None:
    async for text in connection:
        await connection.send(text.upper())


def test_greeting_comes_before_input(serve):
    async def greet(connection: Conversation) -> None:
        await connection.send(b"welcome")
        async for message in connection:
            await connection.send(message)

    peer = serve(greet).connect()
    assert peer.received == b"welcome\n"
    peer.send(b"a\nb\n")
    assert peer.received == b"welcome\na\nb\n"


def test_iteration_ends_on_half_close_and_the_connection_with_the_function(serve):
    peer = serve(shout).connect()
    peer.send(b"a\n")
    assert not peer.closing
    peer.shut_down()
    assert peer.received == b"A\n"
    assert peer.closing


def test_iteration_ends_on_disconnect(serve):
    seen = []

    async def listen(connection: Conversation) -> None:
        async for message in connection:
            seen.append(message)
        seen.append("over")
        with pytest.raises(ConnectionResetError, match="is gone"):
            await connection.send(b"anybody?")

    peer = serve(listen).connect()
    peer.send(b"a\n")
    peer.leave()
    assert seen == [b"a", "over"]


def test_cancelled_when_it_waits_for_something_else(serve):
    seen = []

    async def wait(connection: Conversation) -> None:
        try:
            await Deferred()
        except CancelledError:
            seen.append("cancelled")
            raise

    serve(wait).connect().leave()
    assert seen == ["cancelled"]


def test_send_waits_for_a_slow_reader(serve):
    sent = []

    async def pour(connection: Conversation) -> None:
        while True:
            await connection.send(b"x" * 1000)
            sent.append(1)

    peer = serve(pour).connect()
    assert 60 < len(sent) < 140
    before = len(sent)
    peer.transport.peer_reads()
    assert len(sent) > before
    peer.leave()
    assert peer.connection not in peer.factory.open


def test_unread_messages_pause_the_connection(serve):
    go = [Deferred() for _ in range(4)]

    async def slow(connection: Conversation) -> None:
        waits = iter(go)
        async for message in connection:
            await next(waits)
            await connection.send(message)

    peer = serve(slow, pending=2).connect()
    peer.send(b"1\n2\n3\n4\n")
    assert peer.transport.producerState == "paused"
    for each in go:
        each.callback(None)
    assert peer.received == b"1\n2\n3\n4\n"
    assert peer.transport.producerState == "producing"


def test_bad_message_is_explained_and_not_seen(serve):
    async def take(connection: Conversation[Order]) -> None:
        async for order in connection:
            await connection.send(order.amount)

    service = serve(take)
    peer = service.connect()
    peer.send(b'{"amount": 1}\n{}\n{"amount": 2}\n')
    first, problem, second = peer.received.splitlines()
    assert (first, second) == (b"1", b"2")
    assert b'"status":422' in problem
    assert service.counts.rejected == 1


@pytest.mark.parametrize("first", [True, False])
def test_exception_is_a_failure(serve, failures, first):
    async def boom(connection: Conversation) -> None:
        if first:
            raise LookupError
        async for _ in connection:
            raise LookupError

    peer = serve(boom).connect()
    if not first:
        peer.send(b"x\n")
    assert peer.closing
    failures.take(LookupError)


def test_close_delivers_what_was_sent(serve):
    async def bye(connection: Conversation) -> None:
        await connection.send("bye")
        connection.close()
        async for _ in connection:
            raise AssertionError

    peer = serve(bye).connect()
    peer.send(b"x\n")
    assert peer.received == b"bye\n"
    assert peer.closing


def test_two_readers_are_refused(serve, failures):
    conversations = []

    async def keep(connection: Conversation) -> None:
        conversations.append(connection)
        async for _ in connection:
            pass

    peer = serve(keep).connect()
    with pytest.raises(RuntimeError, match="two tasks"):
        conversations[0].__anext__().send(None)
    peer.leave()
