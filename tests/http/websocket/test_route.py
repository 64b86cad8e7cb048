"""Handlers over WebSocket: every kind of function and the built-in services, as over any other carrier."""

from __future__ import annotations

import json
import re
import struct
from types import SimpleNamespace

import pytest
from pydantic import BaseModel
from twisted.internet.defer import Deferred
from websockets.frames import BINARY, CLOSE, PONG, TEXT, Frame, Opcode

from protocols.channels import Channel
from protocols.channels.groups import Group, GroupTerms
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.sessions import SubscribeHandler
from protocols.channels.since import NEW
from protocols.handlers import BUILTINS, Conversation, FunctionHandler
from protocols.http import WebSocketRoute
from protocols.http.routes.websocket import spoken_by
from protocols.http.websocket import Endpoint
from protocols.session import Peer


class Order(BaseModel):
    amount: int


def frame(opcode: Opcode, data: bytes = b"") -> bytes:
    return Frame(opcode, data).serialize(mask=True)


@pytest.fixture
def call(talk, clock):
    """A browser that talks to a function."""
    handlers = []

    def call(function, replies="auto", pending=64, codec=None, **settings):
        settings.setdefault("run", "loop")
        run, timeout = settings.pop("run"), settings.pop("timeout", 30.0)
        handler = FunctionHandler(
            function, reactor=clock, run=run, pending=pending, codec=codec, timeout=timeout
        )
        handlers.append(handler)
        return talk(handler, replies, spoken_by(handler.codec.name), **settings)

    yield call
    for handler in handlers:
        handler.stop()


class TestFunctions:
    def test_text(self, call):
        def shout(message: str) -> str:
            return message.upper()

        browser = call(shout)
        browser.send(*(frame(TEXT, b"m%d" % n) for n in range(40)))
        assert browser.texts() == [f"M{n}" for n in range(40)]

    def test_typed(self, call, journal):
        def double(order: Order) -> Order:
            return Order(amount=order.amount * 2)

        browser = call(double)
        browser.send(frame(TEXT, b'{"amount": 2}'), frame(BINARY, b'{"amount": 3}'))
        assert browser.texts() == ['{"amount":4}', '{"amount":6}']

    def test_a_bad_message_is_explained_and_the_connection_stays(self, call, journal):
        def double(order: Order) -> Order:
            return Order(amount=order.amount * 2)

        browser = call(double)
        browser.send(frame(TEXT, b'{"amount": "x"}'), frame(TEXT, b"{"), frame(TEXT, b'{"amount": 2}'))
        problems = [json.loads(text) for text in browser.texts()]
        assert [problem.get("status") for problem in problems] == [422, 400, None]
        assert journal.counts.rejected == 2

    def test_who_asks(self, call):
        seen = []

        def who(message: bytes, peer: Peer) -> None:
            seen.append(peer)

        call(who).send(frame(TEXT, b"a"))
        assert seen == [Peer("ws", "192.0.2.7", 4321)]

    def test_generators(self, call, clock):
        def count(message: str):
            yield from range(int(message))

        browser = call(count)
        browser.send(frame(TEXT, b"3"))
        clock.pump([0] * 3)
        assert browser.texts() == ["0", "1", "2"]

    def test_order_is_kept_while_answers_are_made(self, call):
        answers = [Deferred() for _ in range(6)]
        waiting = iter(answers)

        async def slow(message: str) -> str:
            return message + await next(waiting)

        browser = call(slow, pending=3)
        browser.send(*(frame(TEXT, b"%d" % n) for n in range(6)))
        assert browser.texts() == []
        assert browser.wire.producerState == "paused"
        for answer in answers:
            answer.callback("!")
        assert browser.texts() == [f"{n}!" for n in range(6)]
        assert browser.wire.producerState == "producing"

    def test_threads(self, call, clock):
        def shout(message: str) -> str:
            return message.upper()

        browser = call(shout, run="threads")
        browser.send(frame(TEXT, b"a"))
        clock.wait_for_thread()
        clock.advance(0)
        assert browser.texts() == ["A"]

    def test_a_close_waits_for_the_answer(self, call):
        answer = Deferred()

        async def slow(message: str) -> str:
            return await answer

        browser = call(slow)
        browser.send(frame(TEXT, b"a"), frame(CLOSE, b"\x03\xe8"))
        assert browser.frames() == []
        answer.callback("done")
        assert browser.frames() == [(TEXT, b"done"), (CLOSE, b"\x03\xe8")]

    def test_a_peer_that_has_gone_ends_the_call(self, call):
        ended = []
        answer = Deferred(ended.append)

        async def slow(message: str) -> str:
            return await answer

        browser = call(slow)
        browser.send(frame(TEXT, b"a"))
        browser.leave()
        assert ended == [answer]

    def test_a_failure(self, call, journal, failures):
        def broken(message: str) -> str:
            if message == "b":
                raise RuntimeError("broken")
            return message

        browser = call(broken)
        browser.send(frame(TEXT, b"a"), frame(TEXT, b"b"), frame(TEXT, b"c"))
        assert browser.frames() == [(TEXT, b"a"), (CLOSE, struct.pack("!H", 1011))]
        assert journal.counts.failures == len(failures) == 1
        # The request that began it is not there any more; its line in the access log has the same id.
        assert re.fullmatch("[0-9a-f]{16}", failures[0]["request"])

    def test_a_call_that_takes_too_long(self, call, clock, journal, failures):
        async def slow(message: str) -> str:
            return await Deferred()

        browser = call(slow, timeout=5.0)
        browser.send(frame(TEXT, b"a"))
        clock.advance(5)
        assert browser.closed_with == 1011
        assert journal.counts.failures == 1

    def test_draining_waits_for_the_answer(self, call):
        answer = Deferred()

        async def slow(message: str) -> str:
            return await answer

        browser = call(slow)
        browser.send(frame(TEXT, b"a"))
        gone = browser.client.factory.drain()
        assert browser.frames() == []
        answer.callback("done")
        assert browser.frames() == [(TEXT, b"done"), (CLOSE, b"\x03\xe9")]
        browser.leave()
        assert gone.called


class TestConversations:
    def test_greeting_dialogue_and_end(self, call):
        async def greet(connection: Conversation[str]) -> None:
            await connection.send("who?")
            async for name in connection:
                if name == "nobody":
                    return
                await connection.send(f"hello {name}")

        browser = call(greet)
        browser.send(frame(TEXT, b"ada"))
        assert browser.texts() == ["who?", "hello ada"]
        browser.send(frame(TEXT, b"nobody"))
        assert browser.closed_with == 1000

    def test_the_peers_close_ends_its_reading(self, call):
        heard = []

        async def listen(connection: Conversation[str]) -> None:
            async for message in connection:
                heard.append(message)
            await connection.send("bye")

        browser = call(listen)
        browser.send(frame(TEXT, b"a"), frame(CLOSE))
        assert heard == ["a"]
        assert browser.frames() == [(TEXT, b"bye"), (CLOSE, b"")]

    def test_slow_readers_hold_it_up(self, call):
        sent = []

        async def pour(connection: Conversation) -> None:
            for n in range(5):
                await connection.send(bytes(70_000))
                sent.append(n)

        async def wait(connection: Conversation) -> None:
            async for _ in connection:
                await pour(connection)

        browser = call(wait)
        browser.wire.room = 100_000
        browser.send(frame(BINARY, b"go"))
        before = len(sent)
        assert before < 5
        browser.wire.room = None
        browser.wire.producer.resumeProducing()
        assert sent == [0, 1, 2, 3, 4]


class TestKinds:
    def test_bytes_are_answered_as_they_came(self, call):
        browser = call(lambda message: message)
        browser.send(frame(TEXT, "hé".encode()), frame(BINARY, b"b"), frame(TEXT, b"c"))
        assert browser.frames() == [(TEXT, "hé".encode()), (BINARY, b"b"), (TEXT, b"c")]

    def test_what_is_no_text_is_binary(self, call):
        browser = call(lambda message: message[::-1])
        browser.send(frame(TEXT, "hé".encode()))
        assert browser.frames() == [(BINARY, "hé".encode()[::-1])]

    def test_msgpack_is_binary(self, call):
        def same(message: int) -> int:
            return message

        browser = call(same, codec="msgpack")
        browser.send(frame(TEXT, b"\x01"))
        assert browser.frames() == [(BINARY, b"\x01")]

    def test_always_binary(self, call):
        browser = call(lambda message: message, replies="binary")
        browser.send(frame(TEXT, b"a"))
        assert browser.frames() == [(BINARY, b"a")]

    def test_always_text(self, call, journal, failures):
        browser = call(lambda message: message, replies="text")
        browser.send(frame(BINARY, b"a"), frame(BINARY, b"\xff"), frame(BINARY, b"b"))
        assert browser.frames() == [(TEXT, b"a"), (CLOSE, struct.pack("!H", 1011))]
        assert journal.counts.failures == 1


class TestBuiltins:
    def test_echo(self, talk):
        browser = talk(BUILTINS["echo"].stream)
        browser.send(frame(TEXT, b"a"), frame(BINARY, b"\xff"), frame(0x9, b"p"), frame(TEXT, b"b"))
        assert browser.frames() == [(TEXT, b"a"), (BINARY, b"\xff"), (PONG, b"p"), (TEXT, b"b")]

    def test_discard(self, talk):
        browser = talk(BUILTINS["discard"].stream)
        browser.send(frame(TEXT, b"a"), frame(CLOSE, b"\x03\xe8"))
        assert browser.frames() == [(CLOSE, b"\x03\xe8")]

    def test_one_that_only_speaks(self, talk):
        browser = talk(BUILTINS["daytime"].stream, speaks="text")
        (opcode, text), (last, code) = browser.frames()
        assert (opcode, last, code) == (TEXT, CLOSE, b"\x03\xe8")
        assert text.startswith(b"20")

    def test_one_that_never_stops(self, talk):
        browser = talk(BUILTINS["chargen"].stream, speaks="text", room=100_000)
        assert 100_000 < len(browser.wire.value()) < 300_000
        assert all(opcode is TEXT for opcode, _ in browser.frames())
        browser.wire.producer.resumeProducing()
        assert 100_000 < len(browser.wire.value()) < 300_000
        browser.leave()


class TestRefusals:
    @pytest.fixture
    def ask(self, connect, clock, journal):
        def ask(method="GET", **headers):
            route = WebSocketRoute(BUILTINS["echo"].stream, Endpoint(clock=clock, journal=journal))
            return connect({"/live": route}).ask(method, "/live", **headers)

        return ask

    def test_no_websocket(self, ask):
        answer = ask()
        assert answer.status == 426
        assert answer.headers["Upgrade"] == "websocket"
        assert answer.headers["Connection"] == "Upgrade"
        assert answer.headers["Sec-WebSocket-Version"] == "13"

    def test_another_method(self, ask):
        answer = ask("POST", Upgrade="websocket", Connection="Upgrade")
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, OPTIONS")

    def test_another_origin(self, ask):
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
        headers["Sec_WebSocket_Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
        assert ask(Origin="http://evil.test", **headers).status == 403


@pytest.mark.parametrize("group", ["", "billing"])
def test_who_gets_no_more_of_a_channel_is_told_why(talk, clock, group):
    channel = Channel("readings", MemoryStore(MemoryLog(), now=clock.seconds), clock=clock)
    channel.open()
    channel.groups["billing"] = Group(channel, "billing", GroupTerms())
    browser = talk(SubscribeHandler(channel, since=NEW, group=group))
    channel.close()
    assert browser.closed_with == 1013
    assert browser.reader.close_rcvd.reason == "the channel is closed"


def test_a_reason_is_as_long_as_a_close_can_hold(talk):
    class Dismissing:
        def open(self, connection):
            return SimpleNamespace(
                started=lambda: connection.dismiss("x" + "ü" * 100), closed=lambda reason: None
            )

    browser = talk(Dismissing())
    assert browser.closed_with == 1013
    assert browser.reader.close_rcvd.reason == "x" + "ü" * 61
