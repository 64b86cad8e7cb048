"""One HTTP/1 connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import (
    IHalfCloseableDescriptor,
    IHalfCloseableProtocol,
    IProtocol,
    IPushProducer,
    ISSLTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.http.errors import HTTPError
from protocols.http.fields import Headers, Query
from protocols.http.request import NO_PARAMETERS, Request
from protocols.http.response import BODILESS, Response
from protocols.http.server.exchange import Exchange
from protocols.http.server.request_parser import BadRequestError, Fields, Head, RequestParser
from protocols.http.server.wire import CHUNKED, CONTINUE, UNTIL_CLOSE, head, refusal, switching
from protocols.http.target import split_target
from protocols.http.upgrade import Upgrade
from protocols.peer_address import stream_peer
from protocols.session import Peer

if TYPE_CHECKING:
    from protocols.http.server.factory import HTTPFactory

LINGER = 2.0
"""Seconds a client may go on sending after the last response, so that it can read that (RFC 9112,
section 9.6: closing a socket with unread input makes the kernel reset it)."""

GATHERED = 64 * 1024
"""Bytes of responses to requests of one read that are gathered before they are written."""

DISCARDED = 64 * 1024
"""Bytes of content nobody reads that are taken off the wire so that the connection can stay open."""


@implementer(IHalfCloseableProtocol, IPushProducer)
class HTTP1Connection(Protocol):
    """A connection of an :class:`~protocols.http.HTTPFactory`.

    A client that has shut down its side is still answered (RFC 9112, section 9.6); one that has closed
    the connection looks the same until something is written to it.

    Requests that come while another is being answered wait, parsed, and the client is not read from.
    """

    factory: HTTPFactory
    peer: Peer
    blocked = False
    """Whether the client does not read what was written."""

    def __init__(self) -> None:
        self._parser: RequestParser
        self._scheme = "http"
        self._current: Exchange | None = None
        """What is being answered."""
        self._incoming: Exchange | None = None
        """Whose content is coming."""
        self._queue: deque[Exchange] = deque()
        """What waits until it is answered."""
        self._rest: bytes | None = None
        """What stands behind a request that asks for another protocol, until it is clear whose it is."""
        self._tunnel: IProtocol | None = None
        self._drain_tunnel: Callable[[], None] | None = None
        self._fault: BadRequestError | None = None
        self._out: list[bytes] = []
        self._out_size = 0
        self._feeding = False
        self._advancing = False
        self._closing = False
        """Whether what comes is no request any more."""
        self._input_over = False
        self._requests = 0
        self._framing = 0
        """Bytes of the body that are still to be sent, or one of ``wire``'s words."""
        self._active_at = 0.0
        self._begun_at: float | None = None
        self._closing_at: float | None = None
        self._blocked_at = 0.0
        self._paused_at: float | None = None

    # -- the transport's side ------------------------------------------------------------------------

    def connectionMade(self) -> None:
        transport: Any = self.transport
        self._scheme = "https" if ISSLTransport.providedBy(transport) else "http"
        self.peer = replace(stream_peer(transport), transport=self._scheme)
        self._active_at = self.factory.clock.seconds()
        self._parser = RequestParser(self.factory.limits, self)
        transport.registerProducer(self, True)
        self.factory.joined(self)

    def dataReceived(self, data: bytes) -> None:
        if self._tunnel is not None:
            self._tunnel.dataReceived(data)
            return
        if self._closing or self._fault is not None:
            return
        self._active_at = now = self.factory.clock.seconds()
        if self._begun_at is None:
            self._begun_at = now
        if self._rest is not None:
            self._rest += data
            self._slow_down()
        else:
            self._feed(self._parser.feed, data)

    def readConnectionLost(self) -> None:
        """The client sends nothing more: what it has asked is answered (IHalfCloseableProtocol).

        It may be told again, whenever reading is resumed.
        """
        transport: Any = self.transport
        if self._tunnel is not None:
            if IHalfCloseableProtocol.providedBy(self._tunnel):
                IHalfCloseableProtocol(self._tunnel).readConnectionLost()
            else:
                transport.loseConnection()
            return
        self._input_over = True
        if self._closing:
            transport.loseConnection()
            return
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            # The rest of its content will never come.
            incoming.lost()
            if incoming is self._current:
                self._close()
                return
            self._queue.remove(incoming)
        self._close_if_over()

    def writeConnectionLost(self) -> None:
        """Our side is shut down; the client has :data:`LINGER` seconds to follow."""
        if self._tunnel is not None and IHalfCloseableProtocol.providedBy(self._tunnel):
            IHalfCloseableProtocol(self._tunnel).writeConnectionLost()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        tunnel, self._tunnel = self._tunnel, None
        if tunnel is not None:
            tunnel.connectionLost(reason)
        self._closing = True
        current, self._current = self._current, None
        if current is not None:
            current.lost()
        self._incoming = None
        self._queue.clear()
        self.factory.left(self, reason)

    def pauseProducing(self) -> None:
        if not self.blocked:
            self.blocked = True
            self._blocked_at = self.factory.clock.seconds()
        if self._current is not None:
            self._current.pause()
        self._slow_down()

    def resumeProducing(self) -> None:
        self.blocked = False
        if self._current is not None:
            self._current.resume()
        self._advance()
        self._speed_up()

    def stopProducing(self) -> None:
        """connectionLost says so."""

    # -- the parser's side ---------------------------------------------------------------------------

    def _feed(self, feed: Callable[[bytes], bytes | None], data: bytes) -> None:
        self._feeding = True
        try:
            rest = feed(data)
            while rest is not None and not self._closing:
                if self._tunnel is not None:
                    self._flush()
                    if rest:
                        self._tunnel.dataReceived(rest)
                    return
                if self._current is not None:
                    self._rest = rest
                    break
                rest = self._parser.go_on(rest)
        except BadRequestError as error:
            self._fault = error
        finally:
            self._feeding = False
        if self._fault is not None:
            self._refuse_soon()
        self._flush()
        if self._incoming is None and not self._parser.in_head:
            self._begun_at = None
        self._close_if_over()
        if self._queue or self._rest is not None or self._incoming is not None:
            self._slow_down()

    def head(self, head: Head) -> None:
        if self._closing:
            return
        self._requests += 1
        request = Request.__new__(Request)
        exchange = Exchange(self, self.factory, request, head.length)
        exchange.begun_at = self._active_at
        exchange.keeps = head.keeps and self._requests < self.factory.limits.requests
        exchange.expects = head.expects and head.version == "1.1"
        target = head.target.decode("latin-1")
        host = head.host.decode("latin-1")
        path, query = "/", Query()
        try:
            path, query = split_target(target, host)
        except HTTPError as error:
            exchange.fault = error
        request.__dict__.update(
            method=head.method,
            path=path,
            query=query,
            headers=Headers.of_octets(head.fields),
            body=b"",
            peer=self.peer,
            parameters=NO_PARAMETERS,
            target=target,
            scheme=self._scheme,
            host=host,
            version=head.version,
            upgrade=head.upgrade.decode("latin-1") if head.upgrade else None,
        )
        self._incoming = exchange
        if head.length == 0:
            exchange.complete = True
        if self._current is None and not self.blocked:
            self._current = exchange
            exchange.begin()
        else:
            self._queue.append(exchange)

    def piece(self, piece: bytes) -> None:
        if self._incoming is not None:
            self._incoming.piece(piece)

    def end(self, trailers: Fields) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return
        if not incoming.complete:
            incoming.end(Headers.of_octets(trailers) if trailers else None)
        self._advance()

    def _refuse_soon(self) -> None:
        """Answer the fault, after what was asked before it."""
        fault = self._fault
        assert fault is not None
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            # It is the content of this request that is none.
            if incoming.answered and not incoming.finished:
                self.abort()
                return
            incoming.lost()
            if incoming is self._current:
                self._current = None
            else:
                self._queue.remove(incoming)
        self._advance()
        if self._current is None and not self._queue:
            self.refuse(fault.status, fault.detail)

    # -- one request after the other -----------------------------------------------------------------

    def _advance(self) -> None:
        """Begin what waits, unless something is under way."""
        if self._advancing:
            return
        self._advancing = True
        while self._queue and self._current is None and not self.blocked and not self._closing:
            self._current = self._queue.popleft()
            self._current.begin()
        self._advancing = False
        if self._current is not None or self._queue or self._closing or self._feeding:
            return
        if self._fault is not None:
            self.refuse(self._fault.status, self._fault.detail)
        elif self._rest is not None:
            rest, self._rest = self._rest, None
            self._feed(self._parser.go_on, rest)
        else:
            self._close_if_over()
        self._speed_up()

    def _done(self, exchange: Exchange) -> None:
        """The response of `exchange` has been written."""
        exchange.finished = True
        self.factory.answered(exchange)
        self._active_at = self.factory.clock.seconds()
        if not exchange.complete and not self._can_discard(exchange):
            exchange.keeps = False
        self._current = None
        if exchange.keeps:
            self._advance()
        else:
            self._close()

    def _can_discard(self, exchange: Exchange) -> bool:
        """Whether the rest of the content is worth reading, only to be dropped."""
        if exchange.expects or exchange.length is None:
            return False
        return exchange.length - exchange.received <= DISCARDED

    def _close_if_over(self) -> None:
        """Close if everything is answered that a client asked before it shut down its side."""
        busy = self._current or self._queue or self._feeding or self._tunnel
        if self._input_over and not busy and not self._closing:
            self._close()

    def _close(self) -> None:
        """Close, once everything is sent; with time to read it for a client that is still sending."""
        self._closing = True
        self._closing_at = self.factory.clock.seconds()
        self._queue.clear()
        self._flush()
        transport: Any = self.transport
        unread = self._incoming is not None or self._paused_at is not None or self._fault is not None
        transport.unregisterProducer()
        self._speed_up()
        half = IHalfCloseableDescriptor.providedBy(transport) and not ISSLTransport.providedBy(transport)
        if unread and half and not self._input_over:
            transport.loseWriteConnection()
        else:
            transport.loseConnection()

    def refuse(self, status: int, detail: str = "") -> None:
        """Answer the request that is coming in with `status`, listen to nothing more, and close."""
        if self._closing:
            return
        self._fault = self._fault or BadRequestError(status, detail)
        self.factory.refused_request(self, self._fault)
        self._write(refusal(status, detail))
        self._close()

    # -- the exchange's side (Carrier) ---------------------------------------------------------------

    def go_on(self, exchange: Exchange) -> None:
        if exchange.expects and exchange.received == 0:
            exchange.expects = False
            self._write(CONTINUE)
        self._speed_up()

    def taken(self, exchange: Exchange) -> None:
        self._speed_up()

    def answer(self, exchange: Exchange, response: Response, content: bytes) -> None:
        if not exchange.complete and not self._can_discard(exchange):
            exchange.keeps = False
        data = head(response, len(content), self._connection(exchange))
        exchange.first_at = self.factory.clock.seconds()
        if exchange.request.method != "HEAD":
            exchange.sent = len(content)
            data += content
        self._write(data)
        self._done(exchange)

    def begin(self, exchange: Exchange, response: Response, length: int | None) -> None:
        self._framing = CHUNKED if length is None else length
        if exchange.request.method == "HEAD" or response.status in BODILESS:
            self._framing = 0
        elif length is None and exchange.request.version == "1.0":
            self._framing = UNTIL_CLOSE
            exchange.keeps = False
        exchange.first_at = self.factory.clock.seconds()
        said = self._framing if length is None else length
        if exchange.request.method == "HEAD" and length is None:
            # GET's would have a body of a length that nobody knows; 0 would be a lie (RFC 9110, section 8.6).
            said = UNTIL_CLOSE if exchange.request.version == "1.0" else CHUNKED
        self._write(head(response, said, self._connection(exchange)))

    def write(self, exchange: Exchange, piece: bytes) -> None:
        exchange.sent += len(piece)
        if self._framing == CHUNKED:
            self._write(b"%x\r\n" % len(piece))
            self._write(piece)
            self._write(b"\r\n")
        elif self._framing == UNTIL_CLOSE:
            self._write(piece)
        else:
            self._framing -= len(piece)
            if self._framing < 0:
                raise ValueError("the body is longer than the length it announced")
            self._write(piece)

    def finish(self, exchange: Exchange) -> None:
        if self._framing == CHUNKED:
            self._write(b"0\r\n\r\n")
        elif self._framing > 0:
            # The client must not take what it got for the whole.
            self.reset(exchange)
            return
        self._done(exchange)

    def reset(self, exchange: Exchange) -> None:
        exchange.finished = True
        self.factory.answered(exchange)
        self.abort()

    def tunnel(self, exchange: Exchange, upgrade: Upgrade) -> None:
        exchange.status = 101
        exchange.finished = True
        exchange.first_at = self.factory.clock.seconds()
        self.factory.answered(exchange)
        self._write(switching(upgrade.token, upgrade.headers))
        self._flush()
        transport: Any = self.transport
        transport.unregisterProducer()
        self._current = None
        self._tunnel, self._drain_tunnel = upgrade.protocol, upgrade.drain
        upgrade.protocol.makeConnection(transport)
        rest, self._rest = self._rest, None
        if rest and self._tunnel is not None:
            upgrade.protocol.dataReceived(rest)
        self._speed_up()

    def _connection(self, exchange: Exchange) -> str:
        """The Connection header."""
        if self.factory.draining or (self._input_over and not self._queue):
            exchange.keeps = False
        if not exchange.keeps:
            return "close"
        return "keep-alive" if exchange.request.version == "1.0" else ""

    # -- writing and reading -------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        if self._feeding:
            self._out.append(data)
            self._out_size += len(data)
            if self._out_size > GATHERED:
                self._flush()
        else:
            self.transport.write(data)  # type: ignore[union-attr]  # there is one

    def _flush(self) -> None:
        if self._out:
            out = self._out
            data = out[0] if len(out) == 1 else b"".join(out)
            out.clear()
            self._out_size = 0
            self.transport.write(data)  # type: ignore[union-attr]  # there is one

    def _must_wait(self) -> bool:
        if self._closing or self._tunnel is not None:
            return False
        held = self._incoming is not None and self._incoming.must_wait
        return self.blocked or bool(self._queue) or bool(self._rest) or held

    def _slow_down(self) -> None:
        if self._paused_at is None and self._must_wait():
            self._paused_at = self.factory.clock.seconds()
            self.transport.pauseProducing()  # type: ignore[union-attr]  # every stream transport has it

    def _speed_up(self) -> None:
        if self._paused_at is not None and not self._must_wait():
            paused_at, self._paused_at = self._paused_at, None
            if self._begun_at is not None:
                # It was us who kept the client waiting.
                self._begun_at += self.factory.clock.seconds() - paused_at
            self.transport.resumeProducing()  # type: ignore[union-attr]  # every stream transport has it

    # -- the factory's side --------------------------------------------------------------------------

    def drain(self) -> None:
        """Close if nothing is under way, else after the response."""
        if self._tunnel is not None:
            drain = self._drain_tunnel or self.transport.loseConnection  # type: ignore[union-attr]
            drain()
        elif self._current is None and not self._closing and not self._parser.in_head:
            self._close()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self._closing = True
        self.transport.abortConnection()  # type: ignore[union-attr]  # every stream transport has it

    def check_time(self, now: float) -> None:
        """Give the connection up if something takes too long."""
        limits = self.factory.limits
        idle = limits.idle
        if self._tunnel is not None:
            return
        if self._closing_at is not None:
            if now - self._closing_at >= (LINGER if self._fault is not None else idle or LINGER):
                self.abort()
        elif self.blocked:
            if idle and now - self._blocked_at >= idle:
                self.factory.journal.idle(self.peer, idle)
                self.abort()
        elif self._paused_at is not None:
            pass  # it waits for us
        elif self._begun_at is not None and self._rest is None:
            received = self._incoming.received if self._incoming is not None else 0
            if now - self._begun_at >= limits.header_time + received / limits.body_rate:
                self._late()
        elif self._current is None and idle and now - self._active_at >= idle:
            self.factory.journal.idle(self.peer, idle)
            self._close()

    def _late(self) -> None:
        """The request does not come to its end."""
        self._fault = BadRequestError(408, "The request took too long to come")
        self._refuse_soon()
