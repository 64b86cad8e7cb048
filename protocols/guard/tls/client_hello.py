"""Reading the name that a client asks for, before OpenSSL is told of it.

By the time OpenSSL asks its caller about the name it has decided, by the settings it was begun with, whether
a session is resumed; and what it lets its caller change then is the certificate, not the rules.  So the name
is read first, and everything is right from the first byte on.
"""

from __future__ import annotations

from typing import Final

LARGEST_HELLO: Final = 16 * 1024
"""Bytes of the longest ClientHello whose name is looked for; one with keys of post-quantum cryptography has
about 2 KiB."""

_RECORD: Final = 5
_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_SERVER_NAME: Final = 0


class HelloReader:
    """Is fed the first bytes of a client until they hold its whole ClientHello.

    .. attribute:: name

       The DNS name of its server_name extension (RFC 6066, section 3), in lower case and without a final dot,
       once :meth:`feed` has said so; ``None`` if there is none.
    """

    __slots__ = ("_bytes", "_message", "_needed", "_offset", "name")

    def __init__(self) -> None:
        self.name: str | None = None
        self._bytes = bytearray()
        self._message = bytearray()
        self._offset = 0  # of the first record that has not been looked at
        self._needed = _RECORD

    def feed(self, data: bytes) -> bytes | None:
        """All the bytes so far, once nothing more is needed to know the name: OpenSSL reads them all.

        What is no ClientHello is OpenSSL's to refuse.
        """
        self._bytes += data
        while len(self._bytes) >= self._needed:
            if self._is_over():
                return bytes(self._bytes)
        return None

    def _is_over(self) -> bool:
        start = self._offset
        if self._bytes[start] != _HANDSHAKE:
            return True
        length = int.from_bytes(self._bytes[start + 3 : start + 5], "big")
        end = start + _RECORD + length
        if len(self._bytes) < end:
            self._needed = end
            return length == 0 or end > LARGEST_HELLO
        self._message += self._bytes[start + _RECORD : end]
        self._offset = end
        self._needed = end + _RECORD
        if len(self._message) >= 4:
            size = 4 + int.from_bytes(self._message[1:4], "big")
            if self._message[0] != _CLIENT_HELLO or size > LARGEST_HELLO:
                return True
            if len(self._message) >= size:
                self.name = server_name(bytes(self._message[4:size]))
                return True
        return length == 0


def server_name(hello: bytes) -> str | None:
    """The name in a ClientHello without its header (RFC 8446, section 4.1.2), if there is one."""
    try:
        return _server_name(_Cursor(hello))
    except (IndexError, UnicodeDecodeError):
        return None


class _Cursor:
    """Reads vectors, each behind its length; IndexError where there is less than said."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise IndexError(end)
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """What stands behind a length of `size` bytes."""
        return self.take(self.number(size))


def _server_name(hello: _Cursor) -> str | None:
    hello.take(2 + 32)  # version and random
    hello.vector(1)  # session
    hello.vector(2)  # ciphers
    hello.vector(1)  # compression
    if not hello:
        return None
    extensions = _Cursor(hello.vector(2))
    while extensions:
        kind, content = extensions.number(2), extensions.vector(2)
        if kind == _SERVER_NAME:
            entry = _Cursor(_Cursor(content).vector(2))
            if entry.number(1) != 0:  # host_name, the only kind there is
                return None
            return canonical(entry.vector(2).decode("ascii"))
    return None


def canonical(name: str) -> str:
    """`name` as names are compared: in lower case, and without the dot of the root, or several."""
    return name.lower().rstrip(".")
