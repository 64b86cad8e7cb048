"""The responses of one HTTP/1 connection, as bytes on their way out."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.interfaces import ITCPTransport

from protocols.counts import Counts
from protocols.http.response import BODILESS, Response
from protocols.http.server.exchange import Exchange
from protocols.http.server.wire import CHUNKED, UNTIL_CLOSE, head

GATHERED: Final = 64 * 1024
"""Bytes of responses to the requests of one read that are gathered before they are written."""


class ResponseWriter:
    """Writes to `transport`, and counts what; while it :attr:`gathers`, in as few pieces as can be.

    One response at a time: :meth:`whole`, or :meth:`begin`, any number of :meth:`piece`, and :meth:`finish`.
    """

    __slots__ = ("_counts", "_is_chunked", "_out", "_size", "_transport", "gathers")

    def __init__(self, transport: Any, counts: Counts) -> None:
        self._transport = transport
        self._counts = counts
        if ITCPTransport.providedBy(transport):
            # The end of a body must not wait until the client has acknowledged its beginning.
            transport.setTcpNoDelay(True)
        self._out: list[bytes] = []
        self._size = 0
        self._is_chunked = False
        self.gathers = False

    def write(self, data: bytes) -> None:
        """Send `data`, which is no response's."""
        if not self.gathers:
            self._counts.bytes_out += len(data)
            self._transport.write(data)
            return
        self._out.append(data)
        self._size += len(data)
        if self._size > GATHERED:
            self.flush()

    def flush(self) -> None:
        """Write what has been gathered."""
        out = self._out
        if out:
            data = out[0] if len(out) == 1 else b"".join(out)
            out.clear()
            self._size = 0
            self._counts.bytes_out += len(data)
            self._transport.write(data)

    def whole(self, exchange: Exchange, response: Response, content: bytes, connection: str) -> None:
        """Send a response with all of its body, which is left out where the client did not ask for it."""
        data = head(response, len(content), connection)
        if exchange.request.method != "HEAD":
            data += content
        self.write(data)

    def ends_connection(self, exchange: Exchange, response: Response, length: int | None) -> bool:
        """Whether only the end of the connection can tell where the body ends."""
        unknown = length is None and not self._has_no_body(exchange, response)
        return unknown and exchange.request.version == "1.0"

    def begin(self, exchange: Exchange, response: Response, length: int | None, connection: str) -> None:
        """Send the head of a response whose body has `length` bytes; ``None``: nobody knows yet."""
        # What is said to HEAD is what a GET would have been told.
        said = length
        if said is None:
            said = UNTIL_CLOSE if exchange.request.version == "1.0" else CHUNKED
        if response.status in BODILESS:
            said = 0
        self._is_chunked = said == CHUNKED and exchange.request.method != "HEAD"
        self.write(head(response, said, connection))

    def piece(self, piece: bytes) -> None:
        """Send some of the body."""
        if self._is_chunked:
            # Formatting would copy a large one several times.
            self.write(b"".join((b"%x\r\n" % len(piece), piece, b"\r\n")))
        else:
            self.write(piece)

    def finish(self) -> None:
        """That was all of the body."""
        if self._is_chunked:
            self.write(b"0\r\n\r\n")

    @staticmethod
    def _has_no_body(exchange: Exchange, response: Response) -> bool:
        return exchange.request.method == "HEAD" or response.status in BODILESS
