"""What functions answer, published."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from twisted.internet.defer import Deferred

from protocols.channels.sessions import PublishedReplies
from protocols.channels.sessions.answers import UNDER_WAY
from protocols.framing import Length
from protocols.handlers import BUILTINS, Conversation, FunctionHandler


class Order(BaseModel):
    amount: int


def double(order: Order) -> int:
    return order.amount * 2


@pytest.fixture
def publishing(serve, clock):
    """Serve a function whose answers are published."""
    lifted = []

    def publishing(function, channel, framing=None, reply=True, **settings):
        if not hasattr(function, "open"):
            function = FunctionHandler(function, reactor=clock, **{"run": "loop", **settings})
            lifted.append(function)
        return serve(PublishedReplies(function, channel, reply=reply), framing)

    yield publishing
    for handler in lifted:
        handler.stop()


def test_answers_are_published_and_the_peer_told_so(publishing, channel, bodies):
    peer = publishing(lambda message: message.upper(), channel).connect()
    peer.send(b"a\nb\n")
    assert peer.received == b"OK 1\nOK 2\n"
    assert len(peer.transport.writes) == 1
    assert bodies(channel) == [b"A", b"B"]
    (message, _) = channel.store._log.after(0, 2)
    assert message.sender == str(peer.connection.peer)


def test_no_answer_is_no_message(publishing, channel, bodies):
    peer = publishing(lambda message: None if message == b"no" else message, channel).connect()
    peer.send(b"a\nno\nb\n")
    assert peer.received == b"OK 1\nOK 2\n"
    assert bodies(channel) == [b"a", b"b"]


def test_what_the_function_does_not_take_is_not_published(publishing, channel, bodies):
    service = publishing(double, channel)
    peer = service.connect()
    peer.send(b'{"amount": 1}\n{"amount": "x"}\n{"amount": 2}\n')
    first, error, second = peer.received.splitlines()
    assert (first, second) == (b"OK 1", b"OK 2")
    assert error.startswith(b"ERR /amount")
    assert bodies(channel) == [b"2", b"4"]
    assert service.counts.rejected == 1


def test_what_the_channel_does_not_take_is_refused(publishing, channel, bodies):
    peer = publishing(lambda message: message, channel).connect()
    peer.send(b"a\nbad\nb\n")
    assert peer.received == b"OK 1\nERR no 'bad' here\nOK 2\n"


def test_nothing_is_said_without_replies(publishing, channel, bodies):
    peer = publishing(double, channel, reply=False).connect()
    peer.send(b'{"amount": 1}\nno json\n')
    assert (peer.received, bodies(channel)) == (b"", [b"2"])


def test_an_answer_that_comes_later(publishing, channel, bodies):
    later: Deferred[bytes] = Deferred()

    async def slow(message: bytes) -> bytes:
        return await later

    peer = publishing(slow, channel).connect()
    peer.send(b"a\n")
    peer.shut_down()
    assert not peer.closing
    later.callback(b"done")
    assert peer.received == b"OK 1\n"
    assert peer.closing
    assert bodies(channel) == [b"done"]


def test_each_item_of_a_generator_is_published(publishing, channel, bodies):
    def count(message: bytes):
        for n in range(int(message)):
            yield b"%d" % n

    peer = publishing(count, channel).connect()
    peer.send(b"3\n")
    assert peer.received == b"OK 1\nOK 2\nOK 3\n"
    assert bodies(channel) == [b"0", b"1", b"2"]


def test_a_generator_does_not_run_ahead_of_a_slow_store(publishing, slow, clock):
    made = []

    async def endless(message: bytes):
        while True:
            made.append(1)
            yield b"x"

    peer = publishing(endless, slow).connect()
    peer.send(b"go\n")
    for _ in range(1000):
        clock.advance(0)
    assert UNDER_WAY <= len(slow.store.waiting) <= UNDER_WAY + 200
    before = len(made)
    while slow.store.waiting:
        slow.store.commit()
    for _ in range(10):
        clock.advance(0)
    assert len(made) > before
    peer.leave()


def test_a_conversation(publishing, channel, bodies):
    async def greet(connection: Conversation[str]) -> None:
        async for name in connection:
            await connection.send(f"hello {name}")
            if name == "last":
                return

    peer = publishing(greet, channel).connect()
    peer.send(b"ann\nlast\n")
    assert peer.received == b"OK 1\nOK 2\n"
    assert peer.closing
    assert bodies(channel) == [b"hello ann", b"hello last"]


def test_a_handler_that_takes_messages_one_by_one(publishing, channel, bodies):
    peer = publishing(BUILTINS["echo"].stream, channel).connect()
    peer.send(b"a\nb\n")
    peer.shut_down()
    assert peer.received == b"OK 1\nOK 2\n"
    assert peer.closing
    assert bodies(channel) == [b"a", b"b"]


def test_closing_waits_for_what_is_owed(publishing, slow):
    peer = publishing(BUILTINS["daytime"].stream, slow).connect()
    assert not peer.closing
    peer.send(b"ignored\n")
    slow.store.commit()
    assert peer.received == b"OK 1\n"
    assert peer.closing


def test_a_function_that_fails_closes_the_connection(publishing, channel, bodies, failures):
    def third(message: bytes) -> bytes:
        if message == b"3":
            raise LookupError
        return message

    peer = publishing(third, channel).connect()
    peer.send(b"1\n2\n3\n4\n")
    assert peer.received == b"OK 1\nOK 2\n"
    assert peer.closing
    assert bodies(channel) == [b"1", b"2"]
    failures.take(LookupError)


def test_an_error_of_framing_is_explained_once(publishing, channel, bodies):
    peer = publishing(double, channel, Length(size=1, limit=20)).connect()
    peer.send(b"\xff")
    assert peer.received[1:].startswith(b"ERR a length of 255")
    assert peer.closing
    assert bodies(channel) == []
