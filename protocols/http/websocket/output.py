"""What a listener sends by its WebSocket."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from websockets.frames import BINARY, TEXT, Close, Opcode

from protocols.http.websocket.frame_list import FrameList
from protocols.http.websocket.frame_writer import FrameWriter
from protocols.http.websocket.watch import Watch
from protocols.session import Peer

if TYPE_CHECKING:
    from protocols.http.websocket.endpoint import Endpoint


class WebSocketOutput:
    """The part of a WebSocket that sends messages."""

    peer: Peer
    blocked: bool
    shut: bool
    close_sent: Close | None
    _endpoint: Endpoint
    _late: int
    """Bytes sent since it was blocked."""
    _watch: Watch
    _writer: FrameWriter
    abort: Callable[[], None]

    def send_text(self, message: bytes) -> None:
        self._send(TEXT, message)

    def send_binary(self, message: bytes) -> None:
        self._send(BINARY, message)

    def send_many(self, several: FrameList) -> None:
        if self._may_send(several.size):
            self._writer.write_many(several)

    def _send(self, opcode: Opcode, message: bytes) -> None:
        if self._may_send(len(message)):
            self._writer.write(opcode, message)

    def _may_send(self, size: int) -> bool:
        if self.close_sent is not None or self.shut:
            return False
        if not self._writer.corked:
            self._watch.sent()
        if self.blocked and self._late > self._endpoint.settings.output:
            self._endpoint.journal.choked(self.peer, self._late)
            self.abort()
            return False
        self._late = self._late + size if self.blocked else 0
        return True
