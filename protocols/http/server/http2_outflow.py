"""The bodies of an HTTP/2 connection's responses, on their way out in turns."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from protocols.http.server.http2_allowance import Allowance
from protocols.http.server.http2_meter import UPDATES_EARNED
from protocols.http.server.http2_state import ServerState

if TYPE_CHECKING:
    from protocols.http.server.http2 import HTTP2Connection
    from protocols.http.server.http2_stream import HTTP2Stream

TURN: Final = 64 * 1024
"""Bytes of one body that are sent before it is the next one's turn, where the client takes such frames; most
take no more than 16 KiB."""


class Outflow:
    """Sends what streams have ready, a frame of each in turn, as far as the client's windows allow and for
    as long as the transport takes it.

    :param updates: how often the client may open its windows; it earns some by each frame.
    """

    def __init__(self, connection: HTTP2Connection, state: ServerState, updates: Allowance) -> None:
        self._connection = connection
        self._state = state
        self._updates = updates
        self._ready: deque[HTTP2Stream] = deque()
        self._pouring = False

    def add(self, stream: HTTP2Stream) -> None:
        """`stream` has something to send."""
        if not stream.queued:
            stream.queued = True
            self._ready.append(stream)
        self.pour()

    def pour(self) -> None:
        """Send what can be sent."""
        if self._pouring:
            return
        self._pouring = True
        ready = self._ready
        while ready and not self._connection.blocked:
            if self._state.outbound_flow_control_window <= 0:
                break
            stream = ready.popleft()
            stream.queued = False  # from now on it may be added, even by what it hears meanwhile
            if self._send_some(stream) and not stream.queued:
                stream.queued = True
                ready.append(stream)
        self._pouring = False

    def _send_some(self, stream: HTTP2Stream) -> bool:
        """Send a frame of `stream`; whether it may send another."""
        if stream.gone or stream.state.closed:
            return False
        state = self._state
        room = min(
            state.outbound_flow_control_window,
            stream.state.outbound_flow_control_window,
            state.max_outbound_frame_size,
            TURN,
        )
        if room <= 0:
            return False  # until the client opens its window
        piece = stream.take(room)
        end = stream.ending and not stream.size
        self._updates.earn(UPDATES_EARNED)
        self._connection.writer.data(stream.state, piece, end=end)
        if stream.size:
            return True
        stream.drained()
        return False
