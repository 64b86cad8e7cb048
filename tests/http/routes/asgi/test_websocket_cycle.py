from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol

from protocols.http import HTTPError, Upgrade
from protocols.http.body import HELD

UPGRADE = (
    b"GET /app/chat HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Protocol: a, b\r\n\r\n"
)


class Handshake:
    subprotocols = ("a", "b")


class Channel:
    """An open WebSocket that notes what is done with it."""

    def __init__(self, listener: Any) -> None:
        self.listener = listener
        self.done: list[Any] = []
        self.closed = False

    def send_text(self, message: bytes) -> None:
        self.done.append(message.decode())

    def send_binary(self, message: bytes) -> None:
        self.done.append(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        if not self.closed:
            self.closed = True
            self.done.append((code, reason))

    def pause(self) -> None:
        self.done.append("pause")

    def resume(self) -> None:
        self.done.append("resume")


class Opened(Protocol):
    def __init__(self, listener: Any, channel: Channel) -> None:
        self.listener = listener
        self.channel = channel

    def connectionMade(self) -> None:
        self.listener.opened(self.channel)

    def connectionLost(self, reason: Any = None) -> None:
        self.listener.closed(1006, "", None)


class Endpoint:
    """Opens WebSockets that speak nothing."""

    def __init__(self) -> None:
        self.accepted: list[tuple[Any, ...]] = []
        self.channel: Any = None

    def handshake(self, request: Any) -> Handshake:
        if request.headers.get("x-bad"):
            raise HTTPError(400, "bad")
        return Handshake()

    def accept(self, handshake: Any, listener: Any, *, subprotocol=None, headers=()) -> Upgrade:
        self.accepted.append((subprotocol, tuple(headers)))
        self.channel = Channel(listener)
        return Upgrade(Opened(listener, self.channel), "websocket")


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def chat(site, endpoint):
    return lambda app, **settings: site(app, endpoint=endpoint, **settings)


async def accept(receive, send, **more: Any) -> None:
    assert await receive() == {"type": "websocket.connect"}
    await send({"type": "websocket.accept", **more})


async def echo(scope, receive, send):
    assert (scope["type"], scope["subprotocols"]) == ("websocket", ["a", "b"])
    await accept(receive, send, subprotocol="b", headers=[(b"x-a", b"1")])
    while (message := await receive())["type"] == "websocket.receive":
        message.pop("type")
        await send({"type": "websocket.send", **message})
    assert message == {"type": "websocket.disconnect", "code": 1001, "reason": "bye"}


@pytest_twisted.ensureDeferred
async def test_messages(chat, endpoint) -> None:
    served = chat(echo)
    served.send(UPGRADE)
    assert served.value.startswith(b"HTTP/1.1 101 ")
    assert endpoint.accepted == [("b", (("x-a", "1"),))]
    channel = endpoint.channel
    channel.listener.received([b"one", "z\u00e9".encode()], True)
    channel.listener.received([b"\xff"], False)
    channel.listener.ended(1001, "bye")
    await served.until(lambda: channel.closed)
    assert channel.done == ["one", "z\u00e9", b"\xff", (1000, "")]


@pytest_twisted.ensureDeferred
async def test_refused_without_a_word_and_with_one(chat) -> None:
    async def refuses(scope, receive, send):
        await send({"type": "websocket.close"})

    async def explains(scope, receive, send):
        await send({"type": "websocket.http.response.start", "status": 451, "headers": [(b"x-a", b"1")]})
        await send({"type": "websocket.http.response.body", "body": b"no"})

    for app, status, body in (
        (refuses, 403, b"403 Forbidden\nThe WebSocket was refused\n"),
        (explains, 451, b"no"),
    ):
        served = chat(app)
        served.send(UPGRADE)
        (answer,) = served.client.answers()
        assert (answer.status, answer.body) == (status, body)


@pytest_twisted.ensureDeferred
async def test_a_handshake_that_is_none(chat) -> None:
    served = chat(echo)
    served.send(UPGRADE.replace(b"Host", b"X-Bad: 1\r\nHost"))
    assert served.client.answers()[0].status == 400


@pytest_twisted.ensureDeferred
async def test_the_application_closes(chat, endpoint) -> None:
    async def app(scope, receive, send):
        await accept(receive, send)
        await send({"type": "websocket.close", "code": 4000, "reason": "done"})
        with pytest.raises(OSError, match="closed"):
            await send({"type": "websocket.send", "text": "late"})
        await send({"type": "websocket.close"})

    served = chat(app)
    served.send(UPGRADE)
    await served.until(lambda: endpoint.channel.closed)
    assert endpoint.channel.done == [(4000, "done")]


@pytest.mark.parametrize(("raised", "code"), [(False, 1000), (True, 1011)])
@pytest_twisted.ensureDeferred
async def test_the_application_ends(chat, endpoint, failures, raised: bool, code: int) -> None:
    async def app(scope, receive, send):
        await accept(receive, send)
        if raised:
            raise KeyError("mine")

    served = chat(app)
    served.send(UPGRADE)
    await served.until(lambda: endpoint.channel.closed)
    assert endpoint.channel.done == [(code, "")]
    assert len(failures) == raised


@pytest_twisted.ensureDeferred
async def test_an_application_that_says_nothing_or_nonsense(chat, failures) -> None:
    async def nothing(scope, receive, send):
        pass

    async def nonsense(scope, receive, send):
        await send({"type": "websocket.send", "text": "x"})

    for app in (nothing, nonsense):
        served = chat(app)
        served.send(UPGRADE)
        assert served.client.answers()[0].status == 500
    assert len(failures) == 2


@pytest_twisted.ensureDeferred
async def test_an_application_that_does_not_receive_stops_the_client(chat, endpoint) -> None:
    go_on: Deferred[None] = Deferred()
    received = []

    async def app(scope, receive, send):
        await accept(receive, send)
        await go_on
        while (message := await receive())["type"] == "websocket.receive":
            received.append(message["bytes"])

    served = chat(app)
    served.send(UPGRADE)
    channel = endpoint.channel
    channel.listener.received([b"x" * (HELD // 2)], False)
    assert channel.done == []
    channel.listener.received([b"x" * (HELD // 2)], False)
    assert channel.done == ["pause"]
    go_on.callback(None)
    await served.until(lambda: len(received) == 2)
    assert channel.done == ["pause", "resume"]
    channel.listener.ended(1000, "")
    await served.until(lambda: channel.closed)


@pytest_twisted.ensureDeferred
async def test_a_client_that_does_not_read_stops_the_application(chat, endpoint) -> None:
    sent = []

    async def app(scope, receive, send):
        await accept(receive, send)
        for number in range(3):
            await send({"type": "websocket.send", "text": str(number)})
            sent.append(number)
            if number == 0:
                endpoint.channel.listener.pause_writing()

    served = chat(app)
    served.send(UPGRADE)
    await served.turn()
    assert (sent, endpoint.channel.done) == ([0], ["0", "1"])
    endpoint.channel.listener.resume_writing()
    await served.until(lambda: sent == [0, 1, 2])


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves(chat, endpoint) -> None:
    events: list[Any] = []

    async def app(scope, receive, send):
        await accept(receive, send)
        events.append("open")
        events.append(await receive())
        with pytest.raises(OSError, match="closed"):
            await send({"type": "websocket.send", "text": "x"})
        events.append(await receive())
        raise KeyError("not of interest")

    served = chat(app)
    served.send(UPGRADE)
    await served.until(lambda: events)
    served.client.break_off()
    await served.until(lambda: len(events) == 3)
    assert {event["type"] for event in events[1:]} == {"websocket.disconnect"}
    assert events[1]["code"] == 1006


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_before_it_is_accepted(chat) -> None:
    events = []

    async def app(scope, receive, send):
        await receive()
        events.append(await receive())
        with pytest.raises(OSError, match="closed"):
            await send({"type": "websocket.accept"})
        events.append("end")

    served = chat(app)
    served.send(UPGRADE)
    served.client.break_off()
    await served.until(lambda: len(events) == 2)


@pytest_twisted.ensureDeferred
async def test_an_application_that_does_not_answer_in_time(chat, failures) -> None:
    async def app(scope, receive, send):
        await Deferred()

    served = chat(app, timeout=0.05)
    served.send(UPGRADE)
    await served.until(lambda: served.value)
    assert served.client.answers()[0].status == 504
    assert len(failures) == 1
