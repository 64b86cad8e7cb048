"""What every response carries, and the ones that are written before there is a request."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache

from protocols.http.errors import phrase

SERVER = b"polyport"
"""The Server header: no version, which would only help those who look for an old one."""


def date_now() -> bytes:
    """The Date header (RFC 9110, section 6.6.1)."""
    return _date(int(time.time()))


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode("ascii")


def refusal(status: int, *, body: bool = True) -> bytes:
    """A whole response with `status`, after which the connection closes."""
    title = f"{status} {phrase(status)}".encode("ascii")
    text = title + b"\n"
    lines = (
        b"HTTP/1.1 " + title,
        b"Server: " + SERVER,
        b"Date: " + date_now(),
        b"Connection: close",
        b"Content-Type: text/plain; charset=utf-8",
        b"X-Content-Type-Options: nosniff",
        b"Content-Length: %d" % len(text),
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + (text if body else b"")
