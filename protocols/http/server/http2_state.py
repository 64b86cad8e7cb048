"""What an HTTP/2 server may say and hear, as the library h2 has it (RFC 9113)."""

from __future__ import annotations

from struct import Struct
from typing import Final

from h2.config import H2Configuration
from h2.connection import (
    ConnectionInputs,
    ConnectionState,
    H2Connection,
    H2ConnectionStateMachine,
)
from h2.events import DataReceived, Event
from h2.settings import SettingCodes, Settings
from h2.stream import H2Stream, StreamInputs, StreamState
from h2.windows import WindowManager
from hyperframe.frame import Frame

from protocols.http.limits import Limits
from protocols.http.server.http2_decoder import RepeatDecoder
from protocols.http.server.http2_fields import NO_TABLE
from protocols.http.server.http2_frames import Data, FrameReader

STREAM_WINDOW: Final = 128 * 1024
"""Bytes of one request's content that may be on their way or unread here at first: twice what a reader that
has not asked is kept."""

CONNECTION_WINDOW: Final = 1024 * 1024
"""The same for all requests of a connection."""

OWED: Final = 256 * 1024
"""Bytes that have been read and that a connection's client is not told of yet.  h2 would wait for half of the
window, which streams whose readers have stopped may hold: nobody could send any more, nor be told."""

FIRST_WINDOW: Final = 65_535
"""What every window begins with, unless it is said otherwise (RFC 9113, section 6.9.2)."""

NO_PRIORITIES: Final = 0x9
"""SETTINGS_NO_RFC7540_PRIORITIES (RFC 9218, section 2.1)."""

CLOSED_STREAMS: Final = 1000
"""Streams of which it is remembered how they were closed, to tell frames that crossed from wrong ones."""

LIST_ROOM: Final = 64 * 1024
"""Bytes that a header may be larger than is taken, and still be answered (status 431) rather than end the
connection."""

_CONFIG = H2Configuration(
    client_side=False,
    header_encoding=None,
    # Fields are checked where requests are made of them: quicker, and a bad one ends its stream only.
    validate_inbound_headers=False,
    normalize_inbound_headers=False,
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)

_frame_header = Struct(">HBBBL").pack

DATA: Final = 0x0
HEADERS: Final = 0x1
CONTINUATION: Final = 0x9
END_STREAM: Final = 0x1
END_HEADERS: Final = 0x4


def frame(kind: int, flags: int, stream_id: int, payload: bytes) -> bytes:
    """A frame (RFC 9113, section 4.1)."""
    size = len(payload)
    return _frame_header(size >> 8, size & 0xFF, kind, flags, stream_id) + payload


class _GracefulStateMachine(H2ConnectionStateMachine):
    """GOAWAY says that no stream will be opened; those that are open go on (RFC 9113, section 6.8)."""

    _transitions = {  # noqa: RUF012 - h2's
        **H2ConnectionStateMachine._transitions,
        **{
            (state, said): (None, state)
            for state in (ConnectionState.IDLE, ConnectionState.SERVER_OPEN)
            for said in (ConnectionInputs.SEND_GOAWAY, ConnectionInputs.RECV_GOAWAY)
        },
    }


class _ConnectionWindow(WindowManager):
    """How much of all requests' content the client may send."""

    def _maybe_update_window(self) -> int | None:
        if self._bytes_processed < OWED:
            return None
        increment, self._bytes_processed = self._bytes_processed, 0
        self.current_window_size += increment
        return increment


class ServerState(H2Connection):
    """The server's side of one connection: h2's, but for what it would be slow in or end a connection for.

    * Responses are made of bytes that are ready (see :mod:`.http2_fields`).
    * How many streams are open is for the caller to count: h2 looks at each of them for every new one, and
      knows no refusal of a single stream.
    * Streams go on after GOAWAY.
    """

    MAX_CLOSED_STREAMS = CLOSED_STREAMS

    def __init__(self, limits: Limits) -> None:
        super().__init__(_CONFIG)
        self.state_machine = _GracefulStateMachine()
        self.decoder = RepeatDecoder(limits.header + LIST_ROOM)
        self.incoming_buffer = FrameReader(server=True)
        self._frame_dispatch_table[Data] = self._receive_content
        self._swept_at = 2 * limits.streams
        self._lead = NO_TABLE
        self.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: limits.streams,
                SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
                SettingCodes.MAX_HEADER_LIST_SIZE: limits.header,
                SettingCodes.ENABLE_CONNECT_PROTOCOL: 1,
                NO_PRIORITIES: 1,  # type: ignore[dict-item]  # one that h2 has no name for
            },
        )
        self._inbound_flow_control_window_manager = _ConnectionWindow(FIRST_WINDOW)
        self.initiate_connection()
        self.increment_flow_control_window(CONNECTION_WINDOW - FIRST_WINDOW)
        # The client has been told; h2 need not know.
        del self.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS]

    @property
    def open_inbound_streams(self) -> int:
        """Not counted; what is closed is forgotten from time to time."""
        return super().open_inbound_streams if len(self.streams) > self._swept_at else 0

    def clear_outbound_data_buffer(self) -> None:
        """Not on GOAWAY: who says that goes on listening."""

    def _receive_content(self, frame: Data) -> tuple[list[Frame], list[Event]]:
        """What h2 does, without the detours, in the usual case that the content goes on."""
        stream = self.streams.get(frame.stream_id)
        if stream is None or stream.state_machine.state is not StreamState.OPEN or frame.flags:
            return self._receive_data_frame(frame)
        if self.state_machine.state is not ConnectionState.SERVER_OPEN:
            return self._receive_data_frame(frame)
        size = len(frame.data)
        self._inbound_flow_control_window_manager.window_consumed(size)
        stream._inbound_window_manager.window_consumed(size)
        stream._track_content_length(size, False)
        event = DataReceived(stream_id=frame.stream_id)
        event.data, event.flow_controlled_length = frame.data, size
        return [], [event]

    def widen_stream(self, stream: H2Stream, size: int) -> bool:
        """Let the client have `size` bytes more of one request's content unread, if more of it can come."""
        if stream.state_machine.state not in (StreamState.OPEN, StreamState.HALF_CLOSED_LOCAL):
            return False
        manager = stream._inbound_window_manager
        most = manager.max_window_size + size
        self.increment_flow_control_window(size, stream.stream_id)
        manager.max_window_size = most  # h2 would take it for what was read
        return True

    def widen_connection(self, size: int) -> None:
        """Let the client have `size` bytes more of all requests' content unread."""
        manager = self._inbound_flow_control_window_manager
        most = manager.max_window_size + size
        self.increment_flow_control_window(size)
        manager.max_window_size = most

    def head_frames(self, stream: H2Stream, block: bytes, *, end: bool) -> bytes:
        """The frames of a response's field block; `end`: there is no body."""
        machine = stream.state_machine
        machine.process_input(StreamInputs.SEND_HEADERS)
        if end:
            machine.process_input(StreamInputs.SEND_END_STREAM)
        return self._block_frames(stream.stream_id, block, END_STREAM if end else 0)

    def interim_frames(self, stream: H2Stream, block: bytes) -> bytes:
        """The frames of an interim response's field block."""
        stream.state_machine.process_input(StreamInputs.SEND_INFORMATIONAL_HEADERS)
        return self._block_frames(stream.stream_id, block, 0)

    def data_frame_header(self, stream: H2Stream, size: int, *, end: bool) -> bytes:
        """What stands before `size` bytes of a body, for which both windows have room; `end`: the last."""
        self.outbound_flow_control_window -= size
        stream.outbound_flow_control_window -= size
        if end:
            stream.state_machine.process_input(StreamInputs.SEND_END_STREAM)
        return _frame_header(size >> 8, size & 0xFF, DATA, END_STREAM if end else 0, stream.stream_id)

    def _block_frames(self, stream_id: int, block: bytes, flags: int) -> bytes:
        if self._lead:
            block, self._lead = self._lead + block, b""
        largest = self.max_outbound_frame_size
        if len(block) <= largest:
            return frame(HEADERS, flags | END_HEADERS, stream_id, block)
        frames = [frame(HEADERS, flags, stream_id, block[:largest])]
        for at in range(largest, len(block), largest):
            last = END_HEADERS if at + largest >= len(block) else 0
            frames.append(frame(CONTINUATION, last, stream_id, block[at : at + largest]))
        return b"".join(frames)
