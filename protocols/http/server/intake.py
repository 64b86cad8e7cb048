"""From the parts of HTTP/1 requests to exchanges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from protocols.http.errors import HTTPError
from protocols.http.fields import Headers, Query
from protocols.http.request import NO_PARAMETERS, Request
from protocols.http.server.exchange import Exchange
from protocols.http.server.request_parser import Fields, Head, RequestParser
from protocols.http.target import split_target

if TYPE_CHECKING:
    from protocols.http.server.http1 import HTTP1Connection


SLICE: Final = 4096
"""Bytes that are read at a time of what holds no content: some hundred requests at most."""


class Intake:
    """What has come of the requests of one connection.

    .. attribute:: incoming

       The exchange whose content is coming.

    .. attribute:: unread

       What came while too many requests were waiting.
    """

    __slots__ = ("_connection", "_parser", "_requests", "incoming", "unread")

    def __init__(self, connection: HTTP1Connection) -> None:
        self._connection = connection
        self._parser = RequestParser(connection.factory.limits, self)
        self._requests = 0
        self.incoming: Exchange | None = None
        self.unread = b""

    def feed(self, data: bytes) -> bytes | None:
        """Read on, as :meth:`RequestParser.feed`, until the connection is full; the rest stays unread."""
        if self.unread:
            data, self.unread = self.unread + data, b""
        while data:
            whole = len(data) <= SLICE or self.incoming is not None
            piece, data = (data, b"") if whole else (data[:SLICE], data[SLICE:])
            rest = self._parser.feed(piece)
            if rest is not None:
                return rest + data
            if data and self._connection.is_full:
                self.unread, data = data, b""
        return None

    def go_on(self, rest: bytes) -> bytes | None:
        """Read on behind a request that asked for another protocol in vain."""
        self._parser.go_on(b"")
        return self.feed(rest)

    @property
    def is_open(self) -> bool:
        """Whether a request has begun to come and is not whole."""
        return self.incoming is not None or self._parser.in_head or bool(self.unread)

    @property
    def in_head(self) -> bool:
        """Whether some of a header has come, and not all."""
        return self._parser.in_head

    @property
    def received(self) -> int:
        """Bytes of the content that is coming, so far."""
        return self.incoming.received if self.incoming is not None else 0

    @property
    def must_wait(self) -> bool:
        """Whether more has come than is wanted."""
        return bool(self.unread) or (self.incoming is not None and self.incoming.must_wait)

    def take(self) -> Exchange | None:
        """The exchange whose content was coming; whatever else comes of it is nobody's."""
        incoming, self.incoming = self.incoming, None
        return incoming

    # -- the parser's side ---------------------------------------------------------------------------

    def head(self, head: Head) -> None:
        connection = self._connection
        if connection.closing:
            return
        self._requests += 1
        request = Request.__new__(Request)
        exchange = Exchange(connection, connection.factory, request, head.length)
        exchange.keeps = head.keeps and self._requests < connection.factory.limits.requests
        exchange.expects = head.expects and head.version == "1.1"
        exchange.complete = head.length == 0
        target, host = head.target.decode("latin-1"), head.host.decode("latin-1")
        try:
            path, query = split_target(target, host)
        except HTTPError as error:
            path, query, exchange.fault = "/", Query(), error
        # Not by its constructor, which would sort out what is known here.
        request.__dict__.update(
            method=head.method,
            path=path,
            query=query,
            headers=Headers.of_octets(head.fields),
            body=b"",
            peer=connection.peer,
            parameters=NO_PARAMETERS,
            target=target,
            scheme=connection.scheme,
            host=host,
            version=head.version,
            upgrade=head.upgrade.decode("latin-1") if head.upgrade else None,
        )
        self.incoming = exchange
        connection.arrived(exchange)

    def piece(self, piece: bytes) -> None:
        if self.incoming is not None:
            self.incoming.piece(piece)

    def end(self, trailers: Fields) -> None:
        incoming = self.take()
        if incoming is not None:
            if not incoming.complete:
                incoming.end(Headers.of_octets(trailers) if trailers else None)
            self._connection.ended()
