"""One HTTP/1.1 connection: twisted.web's parser, with the limits and the deadlines that it lacks.

A few methods and counters with a leading underscore are twisted.web's own: it offers no public place for
a refusal other than 400, nor for saying nothing after one.
"""

# ruff: noqa: N802, N815 - the names are those of twisted.web

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IHalfCloseableDescriptor, IHalfCloseableProtocol, ISSLTransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from zope.interface import implementer

from protocols.http.exchange import Exchange
from protocols.http.wire import refusal
from protocols.peer_address import stream_peer
from protocols.session import Peer

if TYPE_CHECKING:
    from protocols.http.factory import HTTPFactory

LINE = 8192
"""Bytes of a request line or a header line: RFC 9112, section 3, wants 8000 at least."""

HEADERS_SIZE = 32 * 1024
"""Bytes of the request line and all headers: several full cookies, and no more."""

HEADERS = 100
"""Header fields of a request: browsers send some twenty, proxies add a few."""

REQUEST_TIME = 30.0
"""Seconds from the first byte of a request to the end of its headers, however it trickles."""

BODY_RATE = 500
"""Bytes per second that a body must come with on average, after REQUEST_TIME for a start."""

LINGER = 2.0
"""Seconds a client may go on sending after it was refused, so that it can read why."""

DIGITS = 18
"""Digits of a Content-Length that is worth reading as a number."""

_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::\d*)?")


@implementer(IHalfCloseableProtocol)
class Channel(HTTPChannel):
    """A connection of an :class:`~protocols.http.HTTPFactory`.

    A client that has shut down its side is still answered (RFC 9112, section 9.6); one that has closed
    the connection looks the same until something is written to it.
    """

    factory: HTTPFactory
    requestFactory = Exchange  # type: ignore[assignment]  # Twisted types it as its own class only
    timeOut = None  # the factory looks after all connections at once, see check_time()
    MAX_LENGTH = LINE
    totalHeadersSize = HEADERS_SIZE
    maxHeaders = HEADERS

    peer: Peer
    refused = False
    """Whether the rest of what comes is read for politeness only."""
    answering = False
    """Whether a whole request is here whose response has not been written whole."""
    blocked = False
    """Whether the client does not read what was written."""
    body_received = 0
    """Bytes of the body of the request that is coming in."""

    _active_at = 0.0
    _begun_at: float | None = None
    _closing_at: float | None = None
    _blocked_at = 0.0
    _in_body = False
    _input_over = False
    _waiting: Callable[[], None] | None = None

    # -- the transport's side ------------------------------------------------------------------------

    def connectionMade(self) -> None:
        assert self.transport is not None
        peer = stream_peer(self.transport)
        scheme = "https" if ISSLTransport.providedBy(self.transport) else "http"
        self.peer = replace(peer, transport=scheme)
        self._active_at = self.factory.clock.seconds()
        self.factory.joined(self)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        if self.refused:
            return
        self._active_at = self.factory.clock.seconds()
        if self._begun_at is None and not self.answering:
            self._begun_at = self._active_at
        super().dataReceived(data)
        self._close_if_over()

    def readConnectionLost(self) -> None:
        """The client sends nothing more: what it has asked is answered (IHalfCloseableProtocol).

        It may be told again, whenever reading is resumed.
        """
        self._input_over = True
        if self.refused:
            self.transport.loseConnection()  # type: ignore[union-attr]  # our side is shut down already
        else:
            self._close_if_over()

    def writeConnectionLost(self) -> None:
        """Our side is shut down, after a refusal; the client has :data:`LINGER` seconds to follow."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._waiting = None
        super().connectionLost(reason)
        self.factory.left(self, reason)

    def pauseProducing(self) -> None:
        if not self.blocked:
            self.blocked = True
            self._blocked_at = self.factory.clock.seconds()
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self.blocked = False
        super().resumeProducing()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting()

    def loseConnection(self) -> None:
        if self._closing_at is None:
            self._closing_at = self.factory.clock.seconds()
        super().loseConnection()

    # -- the parser's side ---------------------------------------------------------------------------

    def lineReceived(self, line: bytes) -> bool | None:
        super().lineReceived(line)
        return self.refused or None  # anything true ends the parsing

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(431 if self._receivedHeaderSize else 414)

    def headerReceived(self, line: bytes) -> bool:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and value.strip().isdigit() and len(value.strip()) > DIGITS:
            self.refuse(413)
            return False
        return bool(super().headerReceived(line))

    def allHeadersReceived(self) -> None:
        if not self.refused and self._is_ill_formed():
            self.refuse(400)
        self._in_body = True
        self.body_received = 0
        super().allHeadersReceived()

    def checkPersistence(self, request: Exchange, version: bytes) -> bool:
        values = request.requestHeaders.getRawHeaders(b"Connection", [])
        wishes = {wish.strip().lower() for value in values for wish in value.split(b",")}
        return version == b"HTTP/1.1" and b"close" not in wishes

    def requestDone(self, request: Exchange) -> None:
        self.answering = self._in_body = False
        self._begun_at = None
        self._active_at = self.factory.clock.seconds()
        super().requestDone(request)
        self._close_if_over()

    def _respondToBadRequestAndDisconnect(self) -> None:
        # twisted.web gives every fault of a request this one answer.
        size, number = self._receivedHeaderSize, self._receivedHeaderCount
        self.refuse(431 if size > self.totalHeadersSize or number > self.maxHeaders else 400)

    def _send100Continue(self) -> None:
        if not self.refused:
            super()._send100Continue()

    def _close_if_over(self) -> None:
        """Close if everything is answered that a client asked before it shut down its side."""
        # While the parser is at it there may be another request in what it has.
        busy = self.answering or self._busyReceiving
        if self._input_over and not busy and self._closing_at is None:
            self.loseConnection()

    def _is_ill_formed(self) -> bool:
        """What twisted.web lets pass: no Host or two (RFC 9112, section 3.2), and a Transfer-Encoding
        that is not its business (section 6.1)."""
        headers = self.requests[-1].requestHeaders
        hosts = headers.getRawHeaders(b"Host", [])
        codings = headers.getRawHeaders(b"Transfer-Encoding", [])
        old = self._version == b"HTTP/1.0"
        wrong_host = len(hosts) > 1 or not (hosts or old) or not all(map(_HOST.fullmatch, hosts))
        wrong_coding = bool(codings) and (old or [coding.lower() for coding in codings] != [b"chunked"])
        return wrong_host or wrong_coding

    # -- the exchange's side -------------------------------------------------------------------------

    def refuse(self, status: int) -> None:
        """Answer the request that is coming in with `status`, listen to nothing more, and close."""
        if self.refused:
            return
        self.refused = True
        self.clearLineBuffer()
        self.factory.refused_request(self, status)
        head = getattr(self, "_command", b"") == b"HEAD"
        transport = self.transport
        assert transport is not None
        transport.write(refusal(status, body=not head))
        self.persistent = 0
        if IHalfCloseableDescriptor.providedBy(transport) and not ISSLTransport.providedBy(transport):
            # Closing a socket with unread input makes the kernel reset it, which can destroy the answer.
            self._closing_at = self.factory.clock.seconds()
            self._networkProducer.unregisterProducer()  # type: ignore[attr-defined]  # it is the transport
            self._networkProducer.resumeProducing()
            transport.loseWriteConnection()  # type: ignore[attr-defined]  # the interface has it
        else:
            self.loseConnection()

    def when_writable(self, call: Callable[[], None]) -> None:
        """Call `call`, now or as soon as the client has read enough."""
        if self.blocked:
            self._waiting = call
        else:
            call()

    def ends_after_this(self) -> bool:
        """Whether the connection closes after the response that is about to begin."""
        nothing_more = self._input_over and not (self._dataBuffer or self._buffer)
        if self.factory.draining or nothing_more:
            self.persistent = 0
        return not self.persistent

    # -- the factory's side --------------------------------------------------------------------------

    def drain(self) -> None:
        """Close if nothing is under way, else after the response."""
        if self.requests:
            self.persistent = 0
        elif not self.refused:
            self.loseConnection()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self.transport.abortConnection()  # type: ignore[union-attr]  # every stream transport has it

    def check_time(self, now: float) -> None:
        """Give the connection up if something takes too long."""
        idle = self.factory.idle
        if self._closing_at is not None:
            if now - self._closing_at >= (LINGER if self.refused else idle or REQUEST_TIME):
                self.abort()
        elif self.blocked:
            if idle and now - self._blocked_at >= idle:
                self.factory.journal.idle(self.peer, idle)
                self.abort()
        elif self.answering:
            pass  # a function has a time limit of its own
        elif self._begun_at is not None:
            allowed = REQUEST_TIME + self.body_received / BODY_RATE * self._in_body
            if now - self._begun_at >= allowed:
                self.refuse(408)
        elif idle and now - self._active_at >= idle:
            self.factory.journal.idle(self.peer, idle)
            self.loseConnection()
