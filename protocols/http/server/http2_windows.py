"""How far the windows of an HTTP/2 connection are open to its client (RFC 9113, section 5.2)."""

from __future__ import annotations

from typing import Final

from h2.stream import H2Stream

from protocols.http.server.http2_state import CONNECTION_WINDOW, STREAM_WINDOW, ServerState

LARGEST_STREAM_WINDOW: Final = 4 * 1024 * 1024
"""Bytes of one request's content that may be on their way or unread, once its reader has kept up with what
came: about what the kernel takes of an upload over HTTP/1.1, and what a line of 600 Mbit/s holds in 50 ms.
With less, even a client on this machine waits for us whenever either has to wait for a processor."""

LARGEST_CONNECTION_WINDOW: Final = 8 * 1024 * 1024
"""The same for all requests of a connection, and so the most that one client can make us hold of what nobody
reads."""


class ReceiveWindows:
    """Lets a client send ahead as far as is of use: a stream's window doubles whenever a whole one has come
    and was read at once.

    The connection's grows along, so that a stream whose reader stops in the end leaves the others as much as
    they had; it does not shrink, but what a stream that has ended does not use any more, others may.
    """

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._used = 0  # of what the connection's window has grown by
        self._grown = 0

    def widen(self, stream: H2Stream, window: int) -> int:
        """Open the window of `stream`, which has `window` bytes, further if it may be: by how many bytes."""
        most = LARGEST_CONNECTION_WINDOW - CONNECTION_WINDOW - self._used
        size = min(window, LARGEST_STREAM_WINDOW - window, most)
        if size <= 0 or not self._state.widen_stream(stream, size):
            return 0
        self._used += size
        if self._used > self._grown:
            self._state.widen_connection(self._used - self._grown)
            self._grown = self._used
        return size

    def left(self, window: int) -> None:
        """A stream has ended whose window had `window` bytes."""
        self._used -= window - STREAM_WINDOW
