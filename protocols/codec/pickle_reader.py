"""The bytes of a pickle: arguments of opcodes, cut out within the bounds of message and frame."""

from __future__ import annotations

import re
import struct
from typing import Final

from protocols.codec.contract import DecodeError

MAX_INTEGER_OCTETS: Final = 1024
"""Size of one integer.  8192 bits hold any key or count, and stay printable: Python refuses to
print integers of more than 4300 digits."""

MAX_INTEGER_DIGITS: Final = 2466
"""The same bound for integers written in decimal."""

_NUMBER: Final = re.compile(rb"[+-]?[0-9]+", re.ASCII)
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([\\'\"nrt])|.?)", re.DOTALL)
_ESCAPED: Final = {b"\\": b"\\", b"'": b"'", b'"': b'"', b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def malformed(message: str) -> DecodeError:
    """The error for bytes that are no pickle."""
    return DecodeError.malformed(f"The message is not a pickle: {message}", "pickle_invalid")


class PickleReader:
    """A position in the bytes of one pickle.  Every method raises DecodeError past the end."""

    __slots__ = ("_data", "_frame_end", "_size", "position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._size = len(data)
        self._frame_end = 0
        self.position = 0

    @property
    def remaining(self) -> int:
        """Octets not read yet."""
        return self._size - self.position

    def take(self, count: int) -> bytes:
        """The next `count` octets."""
        start, end = self.position, self.position + count
        if end > self._size:
            raise malformed("it is cut short")
        if start < self._frame_end < end:
            raise malformed("a frame ends inside an opcode")
        self.position = end
        return self._data[start:end]

    def unsigned(self, width: int) -> int:
        """A little-endian integer of `width` octets."""
        return int.from_bytes(self.take(width), "little")

    def signed(self, width: int) -> int:
        """A little-endian integer in two's complement."""
        return int.from_bytes(self.take(width), "little", signed=True)

    def counted(self, width: int) -> bytes:
        """The octets behind a length of `width` octets."""
        return self.take(self.unsigned(width))

    def counted_signed(self) -> bytes:
        """The octets behind a length that is a signed integer of four octets."""
        count = self.signed(4)
        if count < 0:
            raise malformed("a length is negative")
        return self.take(count)

    def long(self, count: int) -> int:
        """An integer of `count` octets in two's complement."""
        if not 0 <= count <= MAX_INTEGER_OCTETS:
            raise malformed(f"an integer has more than {MAX_INTEGER_OCTETS} octets")
        return self.signed(count)

    def binary_float(self) -> float:
        """A big-endian double (IEEE 754)."""
        value: float = struct.unpack(">d", self.take(8))[0]
        return value

    def line(self) -> bytes:
        """The octets up to the next line feed, which is skipped."""
        end = self._data.find(b"\n", self.position)
        if end < 0:
            raise malformed("a line is cut short")
        return self.take(end + 1 - self.position)[:-1]

    def decimal(self, line: bytes) -> int:
        """The integer that `line` writes in decimal."""
        if len(line) > MAX_INTEGER_DIGITS or not _NUMBER.fullmatch(line):
            raise malformed("a decimal integer is malformed or too long")
        return int(line)

    def quoted(self) -> bytes:
        """A line that is the ``repr`` of a Python 2 string."""
        line = self.line()
        if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1]:
            raise malformed("a string has no quotes")
        return _ESCAPE.sub(_unescape, line[1:-1])

    def enter_frame(self) -> None:
        """Read the length of a frame (PEP 3154); the opcodes inside are read as any others."""
        length = self.unsigned(8)
        if self.position < self._frame_end:
            raise malformed("a frame is inside a frame")
        if length > self.remaining:
            raise malformed("a frame is longer than the message")
        self._frame_end = self.position + length


def _unescape(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return bytes.fromhex(match[1].decode())
    if match[2]:
        return _ESCAPED[match[2]]
    raise malformed("a string has an escape that Python 2 never writes")
