"""What goes out over an HTTP/2 connection."""

from __future__ import annotations

from typing import Any, Final

from h2.errors import ErrorCodes
from h2.stream import H2Stream
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from protocols.counts import Counts
from protocols.http.server.http2_state import ServerState
from protocols.http.server.http2_windows import ReceiveWindows

GATHERED: Final = 64 * 1024
"""Bytes that are gathered before they are written."""


class FrameWriter:
    """Gathers frames, and writes at once what one read, or one turn of the reactor, has led to.

    .. attribute:: gathers

       Whether :meth:`flush` is sure to be called soon.

    .. attribute:: windows

       How much the client may send.
    """

    def __init__(self, state: ServerState, transport: Any, clock: IReactorTime, counts: Counts) -> None:
        self.gathers = False
        self.windows = ReceiveWindows(state)
        self._state = state
        self._transport = transport
        self._clock = clock
        self._counts = counts
        self._out: list[bytes | memoryview] = []
        self._size = 0
        self._call: IDelayedCall | None = None
        self._writes = False
        self._closed = False

    # -- frames --------------------------------------------------------------------------------------

    def head(self, stream: H2Stream, block: bytes, *, end: bool) -> None:
        """Send the head of a response; `end`: there is no body."""
        self.emit(self._state.head_frames(stream, block, end=end))

    def interim(self, stream: H2Stream, block: bytes) -> None:
        """Send a head that is not the last."""
        self.emit(self._state.interim_frames(stream, block))

    def data(self, stream: H2Stream, piece: bytes | memoryview, *, end: bool) -> None:
        """Send some of a body, for which the windows have room; `end`: the last of it."""
        self.emit(self._state.data_frame_header(stream, len(piece), end=end), piece)

    def reset(self, stream: H2Stream, code: ErrorCodes) -> None:
        """End a stream at once."""
        if not stream.closed:
            self._state.reset_stream(stream.stream_id, code)
            self.flush_soon()

    def acknowledge(self, stream_id: int, size: int) -> None:
        """So many bytes of a stream have been read."""
        self._state.acknowledge_received_data(size, stream_id)
        self.flush_soon()

    def goaway(self, last: int, ping: bytes | None = None) -> None:
        """Say that no stream behind `last` will be served, and ask whether the client has heard."""
        self._state.close_connection(last_stream_id=last)
        if ping is not None:
            self._state.ping(ping)
        self.flush_soon()

    # -- bytes ---------------------------------------------------------------------------------------

    def take_over(self) -> None:
        """What h2 has to say goes before everything that follows."""
        self.emit(self._state.data_to_send())

    def emit(self, *parts: bytes | memoryview) -> None:
        """Send `parts`, with whatever else there is to be sent."""
        for part in parts:
            self._out.append(part)
            self._size += len(part)
        if self._size > GATHERED:
            self.flush()
        else:
            self.flush_soon()

    def flush_soon(self) -> None:
        """Write in the next turn, unless it is done anyway."""
        if not self.gathers and self._call is None and not self._closed:
            self._call = self._clock.callLater(0, self._flush_now)

    def flush(self) -> None:
        """Write what has been gathered, and what h2 has to say."""
        if self._writes:
            return  # a transport may ask for more before it has taken all
        self._writes = True
        while not self._closed:
            self._out.append(self._state.data_to_send())
            data = b"".join(self._out)
            self._out.clear()
            self._size = 0
            if not data:
                break
            self._counts.bytes_out += len(data)
            self._transport.write(data)
        self._writes = False

    def close(self) -> None:
        """Write nothing more."""
        self._closed = True
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _flush_now(self) -> None:
        self._call = None
        self.flush()
