"""Another protocol on a stream: extended CONNECT (RFC 8441)."""

from __future__ import annotations

from typing import Any

import pytest
from h2.errors import ErrorCodes
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IPushProducer,
    ITransport,
)
from twisted.internet.protocol import Protocol
from zope.interface import implementer
from zope.interface.verify import verifyObject

from protocols.http import Request, Response, Upgrade
from protocols.http.server.http2_state import STREAM_WINDOW


class Spoken(Protocol):
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.ends: list[str] = []
        self.reason: Any = None

    def dataReceived(self, data: bytes) -> None:
        self.heard.append(data)
        if data == b"raise":
            raise RuntimeError("a bug")

    def connectionLost(self, reason: Any = None) -> None:
        self.ends.append("lost")
        self.reason = reason.type


@implementer(IHalfCloseableProtocol)
class HalfClosing(Spoken):
    def readConnectionLost(self) -> None:
        self.ends.append("read")

    def writeConnectionLost(self) -> None:
        self.ends.append("write")


class Route:
    methods = ("GET",)
    subtree = streams = False

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.spoken: Spoken = Spoken()
        self.ask_to_end: Any = None

    def respond(self, request: Request, rest: str) -> Any:
        self.requests.append(request)
        if request.upgrade != "websocket":
            return Response("only websocket", 400)
        return Upgrade(self.spoken, "websocket", (("Sec-WebSocket-Protocol", "chat"),), self.ask_to_end)

    def stop(self) -> None: ...


@pytest.fixture
def route() -> Route:
    return Route()


@pytest.fixture
def http2(connect2, route):
    return connect2({"/t": route}, idle=60)


def ask(http2, protocol: str = "websocket", *, end: bool = False) -> int:
    stream = http2.state.get_next_available_stream_id()
    fields = http2.fields("CONNECT", "/t?x=1", ("sec-websocket-version", "13"))
    fields.insert(1, (":protocol", protocol))
    http2.state.send_headers(stream, fields, end_stream=end)
    http2.flush()
    return stream


def test_messages_are_counted_by_who_counts_those_of_the_connection(http2, route) -> None:
    counted: list[int] = []
    http2.client.connection.transport.count_messages = counted.append
    ask(http2)
    route.spoken.transport.count_messages(3)
    assert counted == [1, 3]


def test_where_nobody_counts_there_is_nothing_to_tell(http2, route) -> None:
    ask(http2)
    assert not hasattr(route.spoken.transport, "count_messages")


def test_a_stream_becomes_a_transport(http2, route) -> None:
    stream = ask(http2)
    reply = http2.reply(stream)
    assert (reply.status, reply.headers["sec-websocket-protocol"], reply.ended) == (200, "chat", False)
    (request,) = route.requests
    assert (request.method, request.upgrade, request.version) == ("GET", "websocket", "2")
    assert (request.path, request.headers["host"]) == ("/t", "a.test")
    transport = route.spoken.transport
    for interface in (ITransport, IConsumer, IPushProducer):
        assert verifyObject(interface, transport)
    assert transport.getPeer().port == 4321
    assert transport.getHost() == http2.wire.getHost()
    http2.send(stream, b"hello")
    assert route.spoken.heard == [b"hello"]
    transport.write(b"wor")
    transport.writeSequence([b"l", b"d"])
    http2.turn()
    assert reply.body == b"world"


def test_another_protocol_than_the_route_knows(http2, route) -> None:
    stream = ask(http2, "Connect-UDP")
    http2.turn()
    reply = http2.reply(stream)
    assert route.requests[0].upgrade == "connect-udp"
    assert (reply.status, reply.ended, reply.reset) == (400, True, ErrorCodes.NO_ERROR)


def test_the_client_ends_its_side(http2, route) -> None:
    stream = ask(http2)
    http2.send(stream, b"bye", end=True)
    http2.turn()
    assert route.spoken.heard == [b"bye"]
    assert http2.reply(stream).ended
    assert (route.spoken.ends, route.spoken.reason) == (["lost"], ConnectionDone)


def test_a_client_that_sends_nothing_at_all(http2, route) -> None:
    stream = ask(http2, end=True)
    http2.turn()
    assert http2.reply(stream).ended
    assert route.spoken.ends == ["lost"]


def test_the_client_ends_its_side_and_listens(http2, route) -> None:
    route.spoken = HalfClosing()
    stream = ask(http2)
    http2.send(stream, b"", end=True)
    http2.turn()
    assert route.spoken.ends == ["read"]
    route.spoken.transport.write(b"still")
    route.spoken.transport.loseConnection()
    route.spoken.transport.write(b"too late")
    http2.turn()
    reply = http2.reply(stream)
    assert (reply.body, reply.ended, reply.reset) == (b"still", True, None)
    assert route.spoken.ends == ["read", "lost"]


def test_the_protocol_ends_its_side_and_listens(http2, route) -> None:
    route.spoken = HalfClosing()
    stream = ask(http2)
    route.spoken.transport.write(b"last")
    route.spoken.transport.loseWriteConnection()
    http2.turn()
    assert http2.reply(stream).ended
    assert route.spoken.ends == ["write"]
    http2.send(stream, b"more")
    assert route.spoken.heard == [b"more"]
    http2.send(stream, b"", end=True)
    http2.turn()
    assert route.spoken.ends == ["write", "read"]
    route.spoken.transport.loseConnection()
    http2.turn()
    assert route.spoken.ends == ["write", "read", "lost"]


def test_the_protocol_closes(http2, route) -> None:
    stream = ask(http2)
    route.spoken.transport.write(b"x" * 1000)
    route.spoken.transport.loseConnection()
    assert route.spoken.ends == []
    http2.turn()
    reply = http2.reply(stream)
    assert (len(reply.body), reply.ended, reply.reset) == (1000, True, ErrorCodes.NO_ERROR)
    assert (route.spoken.ends, route.spoken.reason) == (["lost"], ConnectionDone)


def test_closing_sends_what_the_window_had_no_room_for(connect2, route) -> None:
    http2 = connect2({"/t": route}, acknowledges=False)
    stream = ask(http2)
    route.spoken.transport.write(b"x" * 100_000)
    route.spoken.transport.loseConnection()
    http2.turn()
    reply = http2.reply(stream)
    assert (len(reply.body), reply.ended, route.spoken.ends) == (65535, False, [])
    http2.state.increment_flow_control_window(2**20)
    http2.state.increment_flow_control_window(2**20, stream)
    http2.flush()
    http2.turn()
    assert (len(reply.body), reply.ended, route.spoken.ends) == (100_000, True, ["lost"])


def test_the_protocol_aborts(http2, route) -> None:
    stream = ask(http2)
    route.spoken.transport.abortConnection()
    assert route.spoken.ends == []
    http2.turn()
    assert http2.reply(stream).reset == ErrorCodes.CANCEL
    assert (route.spoken.ends, route.spoken.reason) == (["lost"], ConnectionAborted)


def test_the_client_resets(http2, route) -> None:
    stream = ask(http2)
    http2.state.reset_stream(stream)
    http2.flush()
    http2.turn()
    assert (route.spoken.ends, route.spoken.reason) == (["lost"], ConnectionLost)
    route.spoken.transport.write(b"into the void")
    route.spoken.transport.loseConnection()
    http2.turn()
    assert route.spoken.ends == ["lost"]


def test_the_connection_is_lost(http2, route) -> None:
    ask(http2)
    http2.client.break_off()
    assert (route.spoken.ends, route.spoken.reason) == (["lost"], ConnectionLost)


def test_a_bug_of_the_protocol_ends_its_stream_only(http2, route, failures) -> None:
    stream, first = ask(http2), route.spoken
    route.spoken = Spoken()
    other = ask(http2)
    http2.send(stream, b"raise")
    http2.turn()
    assert http2.reply(stream).reset == ErrorCodes.CANCEL
    assert (first.ends, first.reason) == (["lost"], ConnectionAborted)
    assert len(failures) == 1
    http2.send(other, b"fine")
    assert route.spoken.heard == [b"fine"]


def test_what_is_not_read_fills_the_window(http2, route) -> None:
    stream = ask(http2)
    transport = route.spoken.transport
    transport.pauseProducing()
    for _ in range(8):
        http2.send(stream, b"x" * (STREAM_WINDOW // 8))
    assert route.spoken.heard == []
    assert http2.state.local_flow_control_window(stream) == 0
    transport.resumeProducing()
    http2.turn()
    assert len(b"".join(route.spoken.heard)) == STREAM_WINDOW
    assert http2.state.local_flow_control_window(stream) == STREAM_WINDOW


def test_the_end_waits_until_everything_has_been_read(http2, route) -> None:
    stream = ask(http2)
    route.spoken.transport.pauseProducing()
    http2.send(stream, b"last", end=True)
    http2.turn()
    assert route.spoken.ends == []
    route.spoken.transport.resumeProducing()
    http2.turn()
    assert (route.spoken.heard, route.spoken.ends) == ([b"last"], ["lost"])


class Producer:
    """Writes `count` pieces, for as long as it is let."""

    def __init__(self, transport: Any, count: int, streaming: bool) -> None:
        self.transport, self.count, self.streaming = transport, count, streaming
        self.paused = self.stopped = False
        transport.registerProducer(self, streaming)

    def resumeProducing(self) -> None:
        self.paused = False
        while self.count and not self.paused:
            self.count -= 1
            self.transport.write(b"x" * 10_000)
            if not self.streaming:
                break
        if not self.count:
            self.transport.unregisterProducer()

    def pauseProducing(self) -> None:
        self.paused = True

    def stopProducing(self) -> None:
        self.stopped = True


@pytest.mark.parametrize("streaming", [True, False])
def test_a_producer_keeps_to_the_windows(connect2, route, streaming: bool) -> None:
    http2 = connect2({"/t": route}, acknowledges=False)
    stream = ask(http2)
    producer = Producer(route.spoken.transport, 50, streaming)
    if streaming:
        producer.resumeProducing()
    route.spoken.transport.loseConnection()
    http2.turn()
    reply = http2.reply(stream)
    assert len(reply.body) == 65535
    assert producer.count > 30
    while not reply.ended:
        http2.state.increment_flow_control_window(50_000)
        http2.state.increment_flow_control_window(50_000, stream)
        http2.flush()
        http2.turn()
    assert (len(reply.body), reply.ended, producer.stopped) == (500_000, True, False)


def test_a_producer_hears_that_the_client_has_gone(http2, route) -> None:
    ask(http2)
    producer = Producer(route.spoken.transport, 50, True)
    http2.client.break_off()
    assert producer.stopped


def test_no_time_is_too_long_for_another_protocol(http2, route, clock) -> None:
    stream = ask(http2)
    for _ in range(200):
        clock.advance(1)
    http2.read()
    assert not http2.closed
    assert http2.reply(stream).reset is None


def test_drain_asks_the_protocol_to_end(http2, route) -> None:
    asked = []
    route.ask_to_end = lambda: asked.append(1)
    stream = ask(http2)
    http2.client.factory.drain()
    http2.turn()
    assert asked == [1]
    assert not http2.closed
    route.spoken.transport.loseConnection()
    http2.turn()
    assert http2.reply(stream).ended
    assert http2.closed


def test_drain_closes_a_protocol_that_cannot_be_asked(http2, route) -> None:
    stream = ask(http2)
    http2.client.factory.drain()
    http2.turn()
    assert http2.reply(stream).ended
    assert http2.closed
