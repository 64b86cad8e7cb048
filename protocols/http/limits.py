"""How much one connection may ask of an HTTP server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All of them; sizes in bytes, times in seconds."""

    request_line: int = 8 * 1024
    """The target of a request (status 414); RFC 9112, section 3, wants 8000 at least."""
    header: int = 32 * 1024
    """All header fields of a request (status 431): several full cookies, and no more."""
    header_fields: int = 100
    """Header fields of a request (status 431): browsers send some twenty, proxies add a few."""
    header_time: float = 10.0
    """From the first byte of a request to the end of its header, however it trickles (status 408)."""
    body: int = 1024 * 1024
    """The content of a request (status 413); a route may say another."""
    body_rate: int = 500
    """Bytes per second that content must come with on average, once `header_time` is over (status 408)."""
    idle: float = 60.0
    """Without a request, or with a client that does not read; 0 for ever.  Long enough for the next click,
    short enough that forgotten connections do not pile up."""
    first_byte: float = 30.0
    """Without a first request, if that is less: browsers open some ahead of need, and need them soon."""
    requests: int = 10_000
    """Requests of one connection, after which it is closed: what leaks with a connection ends."""
    streams: int = 100
    """Requests that one HTTP/2 connection may have open at a time."""
