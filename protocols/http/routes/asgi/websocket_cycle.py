"""One WebSocket of an ASGI application."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from protocols.handlers.deadline import CallTimeoutError
from protocols.http.body import HELD
from protocols.http.errors import HTTPError
from protocols.http.request import RequestHead
from protocols.http.routes.app_head import AppHead
from protocols.http.routes.asgi.change import Change
from protocols.http.routes.asgi.response_sender import ResponseSender
from protocols.http.routes.asgi.runtime import (
    ApplicationTask,
    DisconnectedError,
    Message,
    Runtime,
    header_pairs,
)
from protocols.http.upgrade import Upgrade

NORMAL = 1000
NO_CODE = 1005
INTERNAL_ERROR = 1011

log = Logger(namespace="polyport")


class WebSocketHandshake(Protocol):
    """A client's wish to open a WebSocket."""

    subprotocols: tuple[str, ...]
    """Those that the client offers, in its order."""


class WebSocketChannel(Protocol):
    """An open WebSocket."""

    def send_text(self, message: bytes) -> None: ...
    def send_binary(self, message: bytes) -> None: ...
    def close(self, code: int = NORMAL, reason: str = "") -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


class WebSocketEndpoint(Protocol):
    """Opens WebSockets."""

    def handshake(self, request: RequestHead, /) -> Any:
        """The :class:`WebSocketHandshake`; raises :class:`~protocols.http.HTTPError` if there is none."""

    def accept(
        self,
        handshake: Any,
        listener: Any,
        /,
        *,
        subprotocol: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Upgrade:
        """The answer that opens it; `listener` hears ``opened``, ``received``, ``ended``, ``closed``,
        ``pause_writing`` and ``resume_writing``."""


class WebSocketCycle:
    """The messages of a WebSocket to the application, and its own to the client.

    The deadline counts until the application accepts or refuses; once the WebSocket is over the application
    has as much time again to end.
    """

    batch = 64
    """Messages taken at once."""
    busy = False
    """Whether silence is not idleness."""

    def __init__(
        self,
        runtime: Runtime,
        request: RequestHead,
        endpoint: WebSocketEndpoint,
        handshake: WebSocketHandshake,
    ) -> None:
        self._runtime = runtime
        self._request = request
        self._endpoint = endpoint
        self._handshake = handshake
        self._denial = ResponseSender(request.method, self._left, self._report)
        self._answer = self._denial.answer
        self._task = ApplicationTask(runtime, self._ended)
        self._channel: WebSocketChannel | None = None
        self._events: deque[Message] = deque([{"type": "websocket.connect"}])
        self._held = 0
        self._paused = False
        self._blocked = False
        self._accepted = False
        self._closing = False  # whether the application has closed it, or has heard that it is over
        self._over = False
        self._change = Change()

    def start(self, scope: dict[str, Any]) -> Deferred[Any]:
        """The answer; cancelling it tells the application that the client has gone."""
        self._task.limit(self._late)
        self._task.start(scope, self._receive, self._send)
        return self._answer

    # -- the application's side ----------------------------------------------------------------------

    async def _receive(self) -> Message:
        while not self._events:
            if self._over:
                return _disconnect(NO_CODE, "")
            await self._change.wait()
        event = self._events.popleft()
        if event["type"] == "websocket.receive":
            self._held -= _size(event)
            if self._paused and self._held < HELD and self._channel is not None:
                self._paused = False
                self._channel.resume()
        elif event["type"] == "websocket.disconnect":
            self._close(NORMAL, "")
        return event

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if kind.startswith("websocket.http.response.") and not self._accepted:
            await self._denial.send(message)
            if self._answer.called:
                self._task.unlimit()
        elif kind == "websocket.close":
            if not (self._closing or self._over):
                self._close(message.get("code", NORMAL), message.get("reason") or "")
        elif self._over or self._closing:
            raise DisconnectedError("the WebSocket is closed")
        elif kind == "websocket.accept" and not self._answer.called:
            await self._accept(message)
        elif kind == "websocket.send" and self._accepted:
            await self._write(message)
        else:
            raise RuntimeError(f"{kind} is not what can be sent now")

    async def _accept(self, message: Message) -> None:
        fields = AppHead(200, header_pairs(message.get("headers") or ())).fields
        upgrade = self._endpoint.accept(
            self._handshake, self, subprotocol=message.get("subprotocol"), headers=fields
        )
        self._accepted = True
        self._task.unlimit()
        self._answer.callback(upgrade)
        while self._channel is None and not self._over:
            await self._change.wait()
        if self._over:
            raise DisconnectedError("the client went away")

    async def _write(self, message: Message) -> None:
        assert self._channel is not None
        text, octets = message.get("text"), message.get("bytes")
        if text is not None:
            self._channel.send_text(text.encode())
        else:
            if octets is None:
                raise ValueError("websocket.send needs text or bytes")
            self._channel.send_binary(bytes(octets))
        while self._blocked and not self._over:
            await self._change.wait()
        if self._over:
            raise DisconnectedError("the client went away")

    def _close(self, code: int, reason: str) -> None:
        if self._channel is not None:
            self._channel.close(code, reason)
        elif not self._answer.called:
            # Before it was accepted (ASGI, "Close - send event").
            self._answer.errback(HTTPError(403, "The WebSocket was refused"))
            self._finish(NO_CODE, "")
        self._closing = True

    def _ended(self, error: BaseException | None) -> None:
        """The application has returned, or raised `error`."""
        if not self._accepted:
            if not self._over:
                self._denial.end(error)
        elif self._over:
            if error is not None:
                peer = self._request.peer
                log.debug("{peer}: after the client had gone: {error!r}", peer=peer, error=error)
        else:
            if error is not None:
                self._report(error)
            self._close(NORMAL if error is None else INTERNAL_ERROR, "")

    # -- the WebSocket's side (its Listener) ---------------------------------------------------------

    def opened(self, channel: WebSocketChannel) -> None:
        self._channel = channel
        self._change.tell()

    def received(self, messages: Sequence[bytes], text: bool) -> None:
        for message in messages:
            value = {"text": message.decode()} if text else {"bytes": message}
            self._events.append({"type": "websocket.receive", **value})
            self._held += len(message)
        if self._held >= HELD and not self._paused and self._channel is not None:
            self._paused = True
            self._channel.pause()
        self._change.tell()

    def ended(self, code: int, reason: str) -> None:
        self._events.append(_disconnect(code, reason))
        if not self._task.running:
            self._close(NORMAL, "")
        self._change.tell()

    def closed(self, code: int, reason: str, error: Exception | None) -> None:
        self._finish(code, reason)

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._change.tell()

    # -- ends ----------------------------------------------------------------------------------------

    def _left(self) -> None:
        self._denial.close()
        self._finish(1006, "")

    def _finish(self, code: int, reason: str) -> None:
        """The WebSocket is over."""
        self._over = True
        if not any(event["type"] == "websocket.disconnect" for event in self._events) and not self._closing:
            self._events.append(_disconnect(code, reason))
        if self._task.running:
            self._task.limit(self._task.cancel)
        self._change.tell()

    def _late(self) -> None:
        self._finish(1006, "")
        self._task.cancel()
        if not self._answer.called:
            self._answer.errback(CallTimeoutError(self._runtime.late))

    def _report(self, error: BaseException) -> None:
        self._runtime.journal.failed(self._request.peer, error, request=self._request.id)


def _disconnect(code: int, reason: str) -> Message:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


def _size(event: Message) -> int:
    """Bytes that the message of `event` came in."""
    text = event.get("text")
    return len(event["bytes"]) if text is None else len(text.encode())
