"""The heads of HTTP/1 responses, as bytes."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from typing import Final

from protocols.http.errors import phrase
from protocols.http.response import Response

SERVER: Final = b"polyport"
"""The Server header: no version, which would only help those who look for an old one."""

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

CHUNKED: Final = -1
"""The length of a body whose length nobody knows: it is sent in chunks."""

UNTIL_CLOSE: Final = -2
"""The length of one that ends with the connection, since the client speaks HTTP/1.0."""


def date_now() -> bytes:
    """The Date header (RFC 9110, section 6.6.1)."""
    return _date(int(time.time()))


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode("ascii")


def head(response: Response, length: int, connection: str) -> bytes:
    """The status line and the header fields of `response`, to the empty line.

    :param length: bytes of the body, :data:`CHUNKED` or :data:`UNTIL_CLOSE`.
    :param connection: the Connection header: ``close``, ``keep-alive`` or nothing.
    """
    lines, dated = _lines(response.status, response.content_type, response.headers, connection)
    framing = b"\r\n"
    if length >= 0:
        if response.status not in NO_LENGTH:
            framing = b"Content-Length: %d\r\n\r\n" % length
    elif length == CHUNKED:
        framing = b"Transfer-Encoding: chunked\r\n\r\n"
    if dated:
        return lines + framing
    return b"%bDate: %b\r\n%b" % (lines, _date(int(time.time())), framing)


NO_LENGTH: Final = frozenset({204, 304})
"""Statuses whose responses say nothing of a length (RFC 9110, section 8.6)."""


@lru_cache(maxsize=256)
def _lines(
    status: int, content_type: str | None, headers: tuple[tuple[str, str], ...], connection: str
) -> tuple[bytes, bool]:
    """The lines of a head that seldom change, and whether the date is among them."""
    names = {name.lower() for name, _ in headers}
    lines = [f"HTTP/1.1 {status} {phrase(status)}"]
    if "server" not in names:
        lines.append(f"Server: {SERVER.decode()}")
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name}: {value}" for name, value in headers]
    if "upgrade" in names:
        connection = f"{connection}, Upgrade" if connection else "Upgrade"
    if connection:
        lines.append(f"Connection: {connection}")
    return "\r\n".join([*lines, ""]).encode("latin-1"), "date" in names


def switching(token: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    """The head of an answer after which another protocol is spoken (status 101)."""
    lines = ["HTTP/1.1 101 Switching Protocols", f"Upgrade: {token}", "Connection: Upgrade"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def refusal(status: int, detail: str = "", *, body: bool = True) -> bytes:
    """A whole response with `status`, after which the connection closes."""
    title = f"{status} {phrase(status)}"
    text = title + "\n" + (f"{detail}\n" if detail else "")
    response = Response(text, status, headers=[("X-Content-Type-Options", "nosniff")])
    assert isinstance(response.content, bytes)
    return head(response, len(response.content), "close") + (response.content if body else b"")
