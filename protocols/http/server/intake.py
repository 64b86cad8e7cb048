"""From the parts of HTTP/1 requests to exchanges."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from protocols.http.errors import HTTPError
from protocols.http.fields import Headers, Query
from protocols.http.request import NO_PARAMETERS, Request
from protocols.http.routing import Match
from protocols.http.server.exchange import Exchange
from protocols.http.server.misdirected import Governs, governs_of, misdirected
from protocols.http.server.request_parser import Fields, Head, RequestParser
from protocols.http.target import split_target

if TYPE_CHECKING:
    from protocols.http.server.http1 import HTTP1Connection


SLICE: Final = 4096
"""Bytes that are read at a time of what holds no content: some hundred requests at most."""

REMEMBERED: Final = 1024
"""Bytes of the longest request that is remembered, one for each connection.  Who asks the same again, as
those do that poll and load balancers that look whether we live, is not read anew."""


class Asked:
    """What a request says, whoever asks it and whenever: its attributes, and how its content is framed."""

    __slots__ = ("attributes", "expects", "fault", "is_plain", "keeps", "length", "match")

    def __init__(self, head: Head, connection: HTTP1Connection, governs: Governs | None) -> None:
        self.length = head.length
        self.keeps = head.keeps
        self.expects = head.expects and head.version == "1.1"
        self.fault: HTTPError | None = None
        target, host = head.target.decode("latin-1"), head.host.decode("latin-1")
        try:
            path, query = split_target(target, host)
        except HTTPError as error:
            path, query, self.fault = "/", Query(), error
        if governs is not None and self.fault is None:
            self.fault = misdirected(governs, host)
        self.attributes = {
            "method": head.method,
            "path": path,
            "query": query,
            "headers": Headers.of_octets(head.fields),
            "body": b"",
            "peer": connection.peer,
            "parameters": NO_PARAMETERS,
            "target": target,
            "scheme": connection.scheme,
            "host": host,
            "version": head.version,
            "upgrade": head.upgrade.decode("latin-1") if head.upgrade else None,
        }

        self.is_plain = (
            head.length == 0
            and head.keeps
            and head.method not in ("HEAD", "OPTIONS")
            and head.version == "1.1"
            and not (self.expects or self.fault or head.upgrade)
        )
        """Whether it is whole by its header, the next request comes behind it, and it is answered by all
        that a route says."""
        self.match: Match | None = None
        """The route that answers it at once or not, once that has been looked for."""


class Intake:
    """What has come of the requests of one connection.

    .. attribute:: incoming

       The exchange whose content is coming.

    .. attribute:: remembered

       The bytes of the last request, if it can be told by them alone, and nothing has come behind it.

    .. attribute:: unread

       What came while too many requests were waiting.
    """

    __slots__ = (
        "_asked",
        "_connection",
        "_count",
        "_governs",
        "_parser",
        "_requests",
        "incoming",
        "remembered",
        "unread",
    )

    def __init__(self, connection: HTTP1Connection) -> None:
        self._connection = connection
        self._parser = RequestParser(connection.factory.limits, self)
        self._governs = governs_of(connection.transport)
        self._requests = 0
        self._count: Callable[[int], None] | None = getattr(connection.transport, "count_messages", None)
        self._asked: Asked | None = None
        """The last request."""
        self.remembered: bytes | None = None
        self.incoming: Exchange | None = None
        self.unread = b""

    def feed(self, data: bytes) -> bytes | None:
        """Read on, as :meth:`RequestParser.feed`, until the connection is full; the rest stays unread."""
        if self.unread:
            data, self.unread = self.unread + data, b""
        begins = self.incoming is None and not self._parser.in_head and len(data) <= REMEMBERED
        requests = self._requests
        self.remembered = None
        if not begins:
            return self._read(data)
        rest = self._parser.feed(data)
        if rest is None and self._requests == requests + 1 and not self.is_open:
            assert self._asked is not None
            if self._asked.is_plain:
                self.remembered = data
        return rest

    def repeat(self) -> None:
        """What is :attr:`remembered` has come again."""
        assert self._asked is not None
        self._arrive(self._asked)
        self._whole(None)

    def _read(self, data: bytes) -> bytes | None:
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
        if not self._connection.closing:
            self._asked = Asked(head, self._connection, self._governs)
            self._arrive(self._asked)

    def _arrive(self, asked: Asked) -> None:
        connection = self._connection
        connection.factory.counts.requests += 1
        self._requests += 1
        if self._count is not None:
            self._count(1)
        request = Request.__new__(Request)
        # Not by its constructor, which would sort out what is known here.
        request.__dict__.update(asked.attributes)
        if asked.is_plain and connection.is_free and self._requests < connection.factory.limits.requests:
            self._ask(asked, request)
        else:
            connection.arrived(self._exchange(asked, request))

    def _ask(self, asked: Asked, request: Request) -> None:
        """Ask the route of a request whose turn it is, and make an exchange of it only if the answer takes
        longer or has parts."""
        connection = self._connection
        match = asked.match or connection.factory.site.match(request)
        if match is None:
            connection.arrived(self._exchange(asked, request))
            return
        asked.match = match
        request.parameters = match.parameters
        outcome: object
        connection.asking = True
        try:
            outcome = match.entry.route.respond(request, match.rest)
        except BaseException as error:  # noqa: BLE001 - whatever a route raises ends here, an exit too
            outcome = error
        connection.asking = False
        if not connection.answered_promptly(outcome):
            exchange = self._exchange(asked, request)
            connection.asked(exchange)
            exchange.settle(match, outcome)
        del outcome  # an error knows this frame

    def _exchange(self, asked: Asked, request: Request) -> Exchange:
        connection = self._connection
        exchange = Exchange(connection, connection.factory, request, asked.length)
        exchange.keeps = asked.keeps and self._requests < connection.factory.limits.requests
        exchange.expects = asked.expects
        exchange.complete = asked.length == 0
        exchange.fault = asked.fault
        self.incoming = exchange
        return exchange

    def piece(self, piece: bytes) -> None:
        if self.incoming is not None:
            self.incoming.piece(piece)

    def end(self, trailers: Fields) -> None:
        self._whole(Headers.of_octets(trailers) if trailers else None)

    def _whole(self, trailers: Headers | None) -> None:
        incoming = self.take()
        if incoming is not None:
            if not incoming.complete:
                incoming.end(trailers)
            self._connection.ended()
