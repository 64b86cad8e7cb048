"""Counting TLS records without reading them."""

from __future__ import annotations

HEADER = 5
"""Bytes in front of every record: type, version, length (RFC 8446, section 5.1)."""


class RecordCounter:
    """Says how many records a stream of bytes has completed, so that nobody has to ask OpenSSL once more
    to hear that there is nothing left: that answer costs as much as a record."""

    __slots__ = ("_head", "_missing")

    def __init__(self) -> None:
        self._head = b""  # of a header that has not come whole
        self._missing = 0  # bytes of a record whose header has

    def feed(self, data: bytes) -> int:
        """The number of records that `data` completes."""
        size = len(data)
        started = self._missing or self._head
        if not started and size >= HEADER and size == HEADER + (data[3] << 8 | data[4]):
            return 1  # one record, whole: the usual case
        return self._walk(data)

    def _walk(self, data: bytes) -> int:
        if self._head:
            data = self._head + data
            self._head = b""
        size = len(data)
        offset = self._missing
        records = 1 if 0 < offset <= size else 0
        while size - offset >= HEADER:
            offset += HEADER + (data[offset + 3] << 8 | data[offset + 4])
            if offset <= size:
                records += 1
        if offset > size:
            self._missing = offset - size
        else:
            self._missing = 0
            self._head = data[offset:]
        return records
