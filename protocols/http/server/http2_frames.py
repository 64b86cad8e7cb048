"""The frames that come over an HTTP/2 connection, cut for the library h2 (RFC 9113, section 4)."""

from __future__ import annotations

from struct import Struct
from typing import Final

from h2.frame_buffer import FrameBuffer
from hyperframe.frame import DataFrame, Frame

DATA: Final = 0x0
END_STREAM: Final = 0x1
PADDED: Final = 0x8

_HEADER: Final = 9
_read_header = Struct(">HBBBL").unpack_from
_STREAM: Final = 2**31 - 1


class Data(DataFrame):
    """Content of one stream, of one frame or of several in a row."""

    def __repr__(self) -> str:
        # h2 makes one of every frame that comes, for a log that nobody keeps: it would hold all of the
        # content, in hexadecimal.
        return f"<Data of stream {self.stream_id}: {len(self.data)} bytes>"


class FrameReader(FrameBuffer):
    """h2's, which gives the DATA frames of one stream that came together as one: most of what an upload
    costs is by the frame, and clients send no more than 16 KiB in one."""

    def __next__(self) -> Frame:
        # Nothing may come between the frames of a header; padded frames, and wrong ones, are h2's affair.
        frame = None if self._headers_buffer else self._content()
        return super().__next__() if frame is None else frame

    def _content(self) -> Data | None:
        """The content that comes next, if it does.  Raises :class:`StopIteration` where no frame of it is
        here, whole."""
        buffer = self._data
        pieces: list[memoryview] = []
        at, size, stream, flags, cut = 0, len(buffer), 0, 0, False
        view = memoryview(buffer)
        while size - at >= _HEADER and not flags & END_STREAM:
            high, low, kind, following, number = _read_header(buffer, at)
            length = high << 8 | low
            number &= _STREAM
            if kind != DATA or following & PADDED or not number or length > self.max_frame_size:
                break
            if pieces and number != stream:
                break
            end = at + _HEADER + length
            cut = end > size
            if cut:
                break
            pieces.append(view[at + _HEADER : end])
            at, stream, flags = end, number, following
        content = b"".join(pieces)
        for piece in pieces:
            piece.release()
        view.release()
        if not at:
            if cut:
                raise StopIteration
            return None
        del buffer[:at]
        frame = Data(stream, content, flags=("END_STREAM",) if flags & END_STREAM else ())
        frame.body_len = len(content)
        return frame
