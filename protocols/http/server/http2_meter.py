"""What a client's HTTP/2 frames cost before anything is answered, counted as they pass.

Every frame of a kind that asks for nothing, or takes a request back, is cheap to send and dear to read.
Known names of their floods: rapid reset (CVE-2023-44487), CONTINUATION (CVE-2024-27316), PING, SETTINGS,
empty frames, PRIORITY and window updates (CVE-2019-9511 to 9518).
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from h2.errors import ErrorCodes

from protocols.http.limits import Limits
from protocols.http.server.http2_allowance import Allowance

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client says first (RFC 9113, section 3.4)."""

LARGEST_FRAME: Final = 2**14
"""Bytes of a frame's payload (RFC 9113, section 4.2): what we announce, by saying nothing of it."""

RESETS: Final = 500
"""Requests that a client may take back, or have refused, in a burst: some pages full of pictures, left."""

RESETS_RATE: Final = 33.0
"""And so many per second."""

CONTROLS: Final = 1000
"""SETTINGS (each value counts), PING, PRIORITY, empty and unknown frames, in a burst."""

CONTROLS_RATE: Final = 100.0
"""And so many per second, besides those that come with requests."""

CONTROLS_EARNED: Final = 4
"""And so many with each request."""

UPDATES: Final = 1000
"""Window updates in a burst."""

UPDATES_EARNED: Final = 10
"""And so many for each frame of a body that was sent, and for each request."""

UPDATES_SAVED: Final = 10**6
"""The most of them that are saved."""

_read_header = Struct(">HBBBL").unpack_from
_HEADER = 9

LARGEST_STREAM: Final = 2**31 - 1
"""The last stream there can be; the bit in front of its number means nothing (RFC 9113, section 4.1)."""

DATA, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE, CONTINUATION = 0x0, 0x1, 0x3, 0x4, 0x8, 0x9
_END_STREAM, _ACK, _END_HEADERS = 0x1, 0x1, 0x4


class FrameError(Exception):
    """What no client may send, or more of it than one may; the connection has to end.

    :param code: what to say in GOAWAY.
    """

    def __init__(self, detail: str, code: ErrorCodes = ErrorCodes.ENHANCE_YOUR_CALM) -> None:
        super().__init__(detail)
        self.error_code = code


class FrameMeter:
    """Reads the headers of the frames of one connection, before h2 reads the frames.

    .. attribute:: header_since

       When the header began whose end has not come; ``None``: there is none.
    """

    def __init__(self, limits: Limits) -> None:
        self._largest_block = limits.header + LARGEST_FRAME
        self._left = len(PREFACE)  # bytes of what is passing
        self._split = b""  # the beginning of a frame's header that came in two
        self._kind = DATA
        self._block = 0  # bytes of the field block that is passing
        self._open = False  # whether more of it follows
        self._highest = 0  # the last stream that was opened
        self.header_since: float | None = None
        self.resets = Allowance(RESETS, RESETS_RATE)
        self.controls = Allowance(CONTROLS, CONTROLS_RATE)
        self.updates = Allowance(UPDATES, 0.0, UPDATES_SAVED)

    def feed(self, data: bytes, now: float) -> None:
        """Look at what has come.  Raises :class:`FrameError`."""
        at, size = 0, len(data)
        if self._split and size >= _HEADER - len(self._split):
            at = _HEADER - len(self._split)
            self._frame(self._split + data[:at], 0, now)
            self._split = b""
        elif self._split:
            at = size
            self._split += data
        while True:
            if self._left:
                passing = min(self._left, size - at)
                at += passing
                self._left -= passing
            if size - at < _HEADER:
                break
            self._frame(data, at, now)
            at += _HEADER
        if at < size:
            self._split = data[at:]
        self._watch_header(now)

    def reset(self, now: float) -> None:
        """A request was taken back, or refused.  Raises :class:`FrameError`."""
        if not self.resets.spend(now):
            raise FrameError("Too many requests were taken back or refused")

    def _watch_header(self, now: float) -> None:
        if not self._open and not (self._left and self._kind in (HEADERS, CONTINUATION)):
            self.header_since = None
        elif self.header_since is None:
            self.header_since = now

    def _frame(self, data: bytes, at: int, now: float) -> None:
        high, low, kind, flags, stream_id = _read_header(data, at)
        length = high << 8 | low
        if length > LARGEST_FRAME:
            raise FrameError(f"A frame has {length} bytes", ErrorCodes.FRAME_SIZE_ERROR)
        self._left, self._kind = length, kind
        if kind == HEADERS:
            self.controls.earn(CONTROLS_EARNED)
            self.updates.earn(UPDATES_EARNED)
            self._block, self._open = length, not flags & _END_HEADERS
            self._highest = max(self._highest, stream_id & LARGEST_STREAM)
        elif kind == DATA:
            if length == 0 and not flags & _END_STREAM:
                self._control(1, now)
        elif kind == CONTINUATION:
            self._continue(length, flags, now)
        else:
            self._other(kind, length, flags, stream_id & LARGEST_STREAM, now)

    def _continue(self, length: int, flags: int, now: float) -> None:
        self._block += length
        self._open = not flags & _END_HEADERS
        if self._block > self._largest_block:
            raise FrameError("The header is too long")
        if length == 0:
            self._control(1, now)

    def _other(self, kind: int, length: int, flags: int, stream_id: int, now: float) -> None:
        if kind == WINDOW_UPDATE:
            if not self.updates.spend(now):
                raise FrameError("Too many window updates")
        elif kind == RST_STREAM:
            if stream_id > self._highest:
                raise FrameError("What has not begun is reset", ErrorCodes.PROTOCOL_ERROR)
            self.reset(now)
        elif kind == SETTINGS:
            if length and flags & _ACK:
                raise FrameError("Settings are acknowledged with some", ErrorCodes.FRAME_SIZE_ERROR)
            self._control(1 + length // 6, now)
        else:
            self._control(1, now)

    def _control(self, amount: int, now: float) -> None:
        if not self.controls.spend(now, amount):
            raise FrameError("Too many frames that ask for nothing")
