"""Reading a header of either version as it comes."""

from __future__ import annotations

from typing import Final

from protocols.proxy_header import version1, version2
from protocols.proxy_header.header import ProxyHeader, ProxyHeaderError

LIMIT: Final = 4096
"""Bytes of the longest header that is read.  What has to fit in any case is 536 (section 2.2); with the
certificate of a client it is one or two thousand."""


class HeaderReader:
    """Takes bytes until they hold a whole header.

    .. attribute:: rest

       What came behind it.
    """

    __slots__ = ("_held", "_limit", "rest")

    def __init__(self, limit: int = LIMIT) -> None:
        self._held = b""
        self._limit = limit
        self.rest = b""

    def feed(self, data: bytes) -> ProxyHeader | None:
        """Take the next bytes, and give the header once it is whole; not to be called again then.

        Raises :class:`ProxyHeaderError` as soon as they cannot be the beginning of one.
        """
        self._held = held = self._held + data
        if held.startswith(version2.MARK):
            return self._second(held)
        if held.startswith(version1.MARK):
            return self._first(held)
        if held and not (version2.MARK.startswith(held) or version1.MARK.startswith(held)):
            raise ProxyHeaderError("it does not begin with a PROXY header")
        return None

    def _first(self, held: bytes) -> ProxyHeader | None:
        end = held.find(b"\n", 0, version1.LONGEST)
        if end < 0:
            if len(held) >= version1.LONGEST:
                raise ProxyHeaderError(f"a PROXY line is longer than {version1.LONGEST} bytes")
            return None
        if held[end - 1] != ord("\r"):
            raise ProxyHeaderError("a PROXY line does not end in CR LF")
        header = version1.parse_v1(held[: end - 1])
        return self._done(header, held, end + 1)

    def _second(self, held: bytes) -> ProxyHeader | None:
        if len(held) < version2.HEAD:
            return None
        length = version2.length_v2(held)
        if length > self._limit:
            raise ProxyHeaderError(f"a PROXY header of {length} bytes exceeds the limit of {self._limit}")
        if len(held) < length:
            return None
        return self._done(version2.parse_v2(held[:length]), held, length)

    def _done(self, header: ProxyHeader, held: bytes, end: int) -> ProxyHeader:
        self.rest = held[end:]
        self._held = b""
        return header
