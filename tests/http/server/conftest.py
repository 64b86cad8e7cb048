"""An HTTP/2 client in memory: h2's side of one connection to a factory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from h2.config import H2Configuration
from h2.connection import ConnectionInputs, ConnectionState, H2Connection, H2ConnectionStateMachine
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from hpack import Decoder
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, RstStreamFrame, SettingsFrame
from twisted.internet.defer import Deferred

from protocols.http import Request, RespondRoute, Response, StreamingRequest, function_route
from protocols.http.server.http2_meter import PREFACE


@dataclass
class Reply:
    """What has come on one stream."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    interim: list[int] = field(default_factory=list)
    ended: bool = False
    reset: int | None = None
    pieces: list[int] = field(default_factory=list)


class _StateMachine(H2ConnectionStateMachine):
    """That of a client who goes on listening after GOAWAY."""

    _transitions: ClassVar = {
        **H2ConnectionStateMachine._transitions,
        (ConnectionState.CLIENT_OPEN, ConnectionInputs.RECV_GOAWAY): (None, ConnectionState.CLIENT_OPEN),
        (ConnectionState.IDLE, ConnectionInputs.RECV_GOAWAY): (None, ConnectionState.IDLE),
    }


class Http2Client:
    """Talks to the connection of a :class:`Client`; reads what is written, and opens its windows for it."""

    def __init__(self, client: Any, *, reads: bool = True, acknowledges: bool = True) -> None:
        self.client = client
        self.wire = client.wire
        self.state = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1"))
        self.state.state_machine = _StateMachine()
        self.state.initiate_connection()
        self.replies: dict[int, Reply] = {}
        self.events: list[Event] = []
        self.goaways: list[tuple[int, int]] = []
        self.order: list[int] = []
        self.acknowledges = acknowledges
        if reads:
            self.flush()

    # -- sending -------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Send what the client has to say, and read what comes of it."""
        data = self.state.data_to_send()
        if data:
            self.client.send(data)
        self.read()

    def raw(self, *frames: Frame | bytes) -> None:
        """Send frames of the test's own, past the client's state."""
        self.client.send(b"".join(f if isinstance(f, bytes) else f.serialize() for f in frames))
        self.read()

    def fields(self, method: str, path: str, *more: tuple[str, str]) -> list[tuple[str, str]]:
        pseudo = [(":method", method), (":scheme", "http"), (":authority", "a.test"), (":path", path)]
        return [*pseudo, *more]

    def request(self, method: str, path: str, body: bytes | None = b"", *more: tuple[str, str]) -> int:
        """Ask; `None` as the body: it follows.  Returns the stream."""
        stream = self.state.get_next_available_stream_id()
        self.state.send_headers(stream, self.fields(method, path, *more), end_stream=body == b"")
        if body:
            self.state.send_data(stream, body, end_stream=True)
        self.flush()
        return stream

    def ask(self, method: str, path: str, body: bytes = b"", *more: tuple[str, str]) -> Reply:
        """Ask, and return the reply, which must be whole."""
        reply = self.reply(self.request(method, path, body, *more))
        self.turn()
        assert reply.ended, reply
        return reply

    def send(self, stream: int, data: bytes, *, end: bool = False) -> None:
        self.state.send_data(stream, data, end_stream=end)
        self.flush()

    # -- receiving -----------------------------------------------------------------------------------

    def reply(self, stream: int) -> Reply:
        return self.replies.setdefault(stream, Reply())

    def turn(self) -> None:
        """Let happen what waits for the next turns of the reactor."""
        for _ in range(20):
            self.client.turn()
            self.read()

    def read(self) -> None:
        """Read what has been written; as often as that makes the server write more."""
        while self.wire.value():
            data = self.wire.value()
            self.wire.clear()
            for event in self.state.receive_data(data):
                self.events.append(event)
                self._hear(event)
            answer = self.state.data_to_send()
            if answer:
                self.client.send(answer)

    def _hear(self, event: Event) -> None:
        if isinstance(event, ConnectionTerminated):
            self.goaways.append((int(event.error_code), event.last_stream_id))
            return
        stream = getattr(event, "stream_id", None)
        if not stream:
            return
        reply = self.reply(stream)
        if isinstance(event, ResponseReceived):
            reply.headers = dict(event.headers)
            reply.status = int(reply.headers.pop(":status"))
        elif isinstance(event, InformationalResponseReceived):
            reply.interim.append(int(dict(event.headers)[":status"]))
        elif isinstance(event, DataReceived):
            self.order.append(stream)
            reply.body += event.data
            reply.pieces.append(len(event.data))
            if self.acknowledges:
                self.state.acknowledge_received_data(event.flow_controlled_length, stream)
        elif isinstance(event, StreamEnded):
            reply.ended = True
        elif isinstance(event, StreamReset):
            reply.reset = int(event.error_code)

    @property
    def closed(self) -> bool:
        return bool(self.client.closed)


class RawClient:
    """Sends frames, and reads them, without a thought."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.frames: list[Frame] = []
        client.send(PREFACE + SettingsFrame(0).serialize())

    def send(self, *frames: Frame | bytes) -> None:
        self.client.send(b"".join(f if isinstance(f, bytes) else f.serialize() for f in frames))
        self.client.turn()

    def heard(self, kind: type[Frame]) -> list[Any]:
        """Every frame of `kind` so far."""
        data = memoryview(self.client.wire.value())
        frames = []
        while data:
            frame, length = Frame.parse_frame_header(data[:9])
            frame.parse_body(data[9 : 9 + length])
            data = data[9 + length :]
            frames.append(frame)
        return [frame for frame in frames if isinstance(frame, kind)]

    @property
    def resets(self) -> list[tuple[int, int]]:
        return [(frame.stream_id, frame.error_code) for frame in self.heard(RstStreamFrame)]

    @property
    def goaways(self) -> list[tuple[int, int]]:
        return [(frame.error_code, frame.last_stream_id) for frame in self.heard(GoAwayFrame)]

    def body(self, stream: int) -> bytes:
        return b"".join(frame.data for frame in self.heard(DataFrame) if frame.stream_id == stream)

    def status(self, stream: int) -> str:
        (head,) = (frame for frame in self.heard(HeadersFrame) if frame.stream_id == stream)
        return dict(Decoder().decode(head.data))[":status"]


@pytest.fixture
def connect2(connect: Callable[..., Any]) -> Callable[..., Http2Client]:
    """As `connect`, with HTTP/2."""

    def connect2(routes: Any, *, acknowledges: bool = True, **settings: Any) -> Http2Client:
        return Http2Client(connect(routes, **settings), acknowledges=acknowledges)

    return connect2


# -- a site --------------------------------------------------------------------------------------------


def size(message: bytes) -> str:
    return str(len(message))


def echo(request: Request) -> Response:
    facts = [request.method, request.path, str(request.query), request.host, request.scheme, request.version]
    headers = dict(request.headers)
    return Response({"facts": facts, "headers": headers, "peer": str(request.peer), "body": request.text()})


async def count(request: StreamingRequest) -> Response:
    total = 0
    async for piece in request.body:
        total += len(piece)
    return Response(f"{total} {request.body.trailers.get('sum')}")


@pytest.fixture
def big() -> bytes:
    """What /big answers."""
    return bytes(range(128)) * 4000


@pytest.fixture
def calls() -> list[Deferred[bytes]]:
    """The calls of /wait that have not been answered."""
    return []


@pytest.fixture
def bodies() -> list[StreamingRequest]:
    """The requests to /hold, whose content the test reads."""
    return []


@pytest.fixture
def routes(clock, journal, calls, bodies, big) -> dict[str, Any]:
    def wait(message: bytes) -> Deferred[bytes]:
        calls.append(Deferred())
        return calls[-1]

    async def hold(request: StreamingRequest) -> Response:
        bodies.append(request)
        await Deferred()
        return Response("never")

    def route(function: Any) -> Any:
        return function_route(function, reactor=clock, journal=journal, run="loop", timeout=1e6)

    return {
        "/a": RespondRoute("a"),
        "/big": RespondRoute(big.decode()),
        "/size": route(size),
        "/wait": route(wait),
        "/echo": route(echo),
        "/count": route(count),
        "/hold": route(hold),
    }


@pytest.fixture
def http2(connect2: Callable[..., Http2Client], routes: dict[str, Any]) -> Http2Client:
    """A client of `routes`."""
    return connect2(routes, idle=60, body=1_000_000)


@pytest.fixture
def raw_client(connect: Callable[..., Any], routes: dict[str, Any]) -> Callable[..., RawClient]:
    """Connect to `routes`, with what limits the test wants."""
    return lambda **limits: RawClient(connect(routes, **{"idle": 60, "body": 1000, **limits}))


@pytest.fixture
def client(raw_client: Callable[..., RawClient]) -> RawClient:
    """Frames of the test's own to and from `routes`."""
    return raw_client()
