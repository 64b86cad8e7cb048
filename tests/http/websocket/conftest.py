from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import TEXT, Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from protocols.http import WebSocketRoute
from protocols.http.websocket import Channel, Endpoint, Settings

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def handshake(path: str = "/live", **headers: str) -> bytes:
    fields = {
        "Host": "a.test",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
    }
    fields["Sec-WebSocket-Key"] = KEY
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class Browser:
    """The client's side of one WebSocket, in memory."""

    client: Any
    listener: Any = None
    extensions: list[Any] = field(default_factory=list)
    head: str = ""

    def __post_init__(self) -> None:
        self.reader = ClientProtocol(parse_uri("ws://a.test/"), state=State.OPEN, max_size=None)
        self.reader.extensions = self.extensions

    @property
    def wire(self) -> Any:
        return self.client.wire

    def open(self, behind: bytes = b"", **headers: str) -> None:
        """Shake hands, with more in the same segment."""
        if self.extensions:
            offer = "permessage-deflate; client_max_window_bits"
            headers["Sec_WebSocket_Extensions"] = offer
        self.client.send(handshake(**headers) + behind)
        head, _, rest = self.wire.value().partition(b"\r\n\r\n")
        self.head = head.decode()
        assert self.head.startswith("HTTP/1.1 101 Switching Protocols\r\n"), self.head
        self.wire.clear()
        self.wire.write(rest)

    def send(self, *frames: bytes) -> None:
        """All of it in one segment."""
        self.client.send(b"".join(frames))

    def frames(self) -> list[tuple[Opcode, bytes]]:
        """What has come since the last time."""
        data = self.wire.value()
        self.wire.clear()
        self.reader.receive_data(data)
        assert self.reader.parser_exc is None
        return [(event.opcode, bytes(event.data)) for event in self.reader.events_received()]

    def compressed(self, opcode: Opcode, data: bytes) -> bytes:
        """One frame, as a client sends it that compresses."""
        return Frame(opcode, data).serialize(mask=True, extensions=self.extensions)

    def texts(self) -> list[str]:
        frames = self.frames()
        assert {opcode for opcode, _ in frames} <= {TEXT}, frames
        return [data.decode() for _, data in frames]

    @property
    def closed_with(self) -> int | None:
        """The code of the server's Close, once that has come."""
        self.frames()
        close = self.reader.close_rcvd
        return None if close is None else int(close.code)

    def leave(self) -> None:
        self.client.leave()


class Recorder:
    """A listener that writes down what it hears, and answers with `answer`."""

    batch = 4
    busy = False

    def __init__(self, answer: Callable[[Channel, list[bytes], bool], None] | None = None) -> None:
        self.answer = answer
        self.heard: list[Any] = []
        self.channel: Any = None
        self.closes = True
        self.end: tuple[int, str, Exception | None] | None = None

    def opened(self, channel: Channel) -> None:
        self.channel = channel

    def received(self, messages: list[bytes], text: bool) -> None:
        self.heard.append([message.decode() if text else message for message in messages])
        if self.answer is not None:
            self.answer(self.channel, messages, text)

    def ended(self, code: int, reason: str) -> None:
        self.heard.append(("ended", code, reason))
        if self.closes:
            self.channel.close()

    def closed(self, code: int, reason: str, error: Exception | None) -> None:
        assert self.end is None
        self.end = code, reason, error

    def pause_writing(self) -> None:
        self.heard.append("pause")

    def resume_writing(self) -> None:
        self.heard.append("resume")


class Listening:
    """A route whose WebSockets a recorder listens to."""

    methods = ("GET",)
    subtree = False
    streams = False

    def __init__(self, endpoint: Endpoint, listener: Recorder) -> None:
        self.endpoint = endpoint
        self.listener = listener

    def respond(self, request: Any, rest: str) -> Any:
        return self.endpoint.accept(self.endpoint.handshake(request), self.listener)

    def stop(self) -> None:
        pass


@pytest.fixture
def listen(connect, clock, journal):
    """A browser whose WebSocket a recorder listens to, which answers with `answer`."""

    def listen(answer: Any = None, behind: bytes = b"", deflate: bool = False, **settings: Any) -> Browser:
        endpoint = Endpoint(clock=clock, journal=journal, settings=Settings(**settings))
        listener = Recorder(answer)
        # The client's side of what will be agreed on.
        extensions = [PerMessageDeflate(False, False, 12, 12)] if deflate else []
        browser = Browser(connect({"/live": Listening(endpoint, listener)}), listener, extensions)
        browser.open(behind)
        return browser

    return listen


@pytest.fixture
def talk(connect, clock, journal):
    """A browser whose WebSocket a session of `handler` answers."""

    def talk(
        handler: Any,
        replies: str = "auto",
        speaks: str | None = None,
        room: int | None = None,
        **settings: Any,
    ) -> Browser:
        endpoint = Endpoint(clock=clock, journal=journal, settings=Settings(**settings))
        route = WebSocketRoute(handler, endpoint, replies=replies, speaks=speaks)
        browser = Browser(connect({"/live": route}))
        browser.wire.room = room
        browser.open()
        return browser

    return talk
