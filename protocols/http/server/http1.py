"""One HTTP/1 connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.http.request import RequestHead
from protocols.http.response import Response
from protocols.http.server.connection_peer import connection_peer
from protocols.http.server.ending import end
from protocols.http.server.exchange import Exchange
from protocols.http.server.http1_time import HTTP1Time
from protocols.http.server.intake import Intake
from protocols.http.server.prompt import PromptAnswers
from protocols.http.server.request_parser import BadRequestError
from protocols.http.server.response_writer import ResponseWriter
from protocols.http.server.times import Times
from protocols.http.server.tunnel import Tunnel
from protocols.http.server.wire import CONTINUE, refusal, switching
from protocols.http.upgrade import Upgrade
from protocols.session import Peer

if TYPE_CHECKING:
    from protocols.http.server.factory import HTTPFactory

WAITING = 32
"""Requests of a connection that wait, parsed, for the one before them; more stay as they came."""


@implementer(IHalfCloseableProtocol, IPushProducer)
class HTTP1Connection(PromptAnswers, HTTP1Time, Protocol):
    """A connection of an :class:`~protocols.http.HTTPFactory`.

    A client that has shut down its side is still answered (RFC 9112, section 9.6); one that has closed the
    connection looks the same until something is written to it.  Requests that come while another is being
    answered wait, parsed, and the client is not read from.
    """

    factory: HTTPFactory
    peer: Peer
    scheme = "http"

    def __init__(self) -> None:
        self._intake: Intake
        self._writer: ResponseWriter
        self._times: Times
        self._current: Exchange | None = None  # what is being answered
        self._queue: deque[Exchange] = deque()  # what waits until it is answered
        # What stands behind a request that asks for another protocol, until it is clear whose it is.
        self._rest: bytes | None = None
        self._tunnel: Tunnel | None = None
        self._fault: BadRequestError | None = None
        self._refused: RequestHead | None = None  # whose content is at fault
        self._advancing = False
        self.closing = False  # what comes is no request any more
        self._input_over = False

    # -- the transport's side ------------------------------------------------------------------------

    def connectionMade(self) -> None:
        transport: Any = self.transport
        self.peer = connection_peer(transport)
        self.scheme = self.peer.transport
        self._times = Times(self.factory.clock.seconds())
        self._writer = ResponseWriter(transport, self.factory.counts)
        self._intake = Intake(self)
        transport.registerProducer(self, True)
        self.factory.joined(self)

    def dataReceived(self, data: bytes) -> None:
        self.factory.counts.bytes_in += len(data)
        if data == self._intake.remembered and self.is_free:
            self._times.active_at = self.factory.clock.seconds()
            self._intake.repeat()
            self._times.begun_at = None  # it is whole
            return
        if self._tunnel is not None:
            self._tunnel.protocol.dataReceived(data)
            return
        if self.closing or self._fault is not None:
            return
        times = self._times
        times.active_at = now = self.factory.clock.seconds()
        if times.begun_at is None:
            times.begun_at = now
        if self._rest is None and not self._intake.unread:
            self._feed(self._intake.feed, data)
        elif self._rest is None:
            self._intake.unread += data
        else:
            self._rest += data

    def readConnectionLost(self) -> None:
        """The client sends nothing more: what it has asked is answered.  It may be told again."""
        self._input_over = True
        if self._tunnel is not None:
            self._tunnel.read_ended()
            return
        if self.closing:
            self.transport.loseConnection()
            return
        incoming = self._intake.take()
        if incoming is not None:
            incoming.lost()  # the rest of its content will never come
            if incoming is self._current:
                self._close()
                return
            if not incoming.finished:
                self._queue.remove(incoming)
        self._close_if_over()

    def writeConnectionLost(self) -> None:
        """Our side is shut down; the client has some seconds to follow (IHalfCloseableProtocol)."""
        if self._tunnel is not None:
            self._tunnel.write_ended()
        else:
            self._times.lingers(self.factory.clock.seconds())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        tunnel, self._tunnel = self._tunnel, None
        self.closing = True
        current, self._current = self._current, None
        self._intake.take()
        self._queue.clear()
        self.factory.left(self, reason)
        if current is not None:
            current.lost()
        if tunnel is not None:
            tunnel.gone(reason)

    def pauseProducing(self) -> None:
        if self._times.blocked_at is None:
            self._times.blocked_at = self.factory.clock.seconds()
        if self._current is not None:
            self._current.pause()
        self._slow_down()

    def resumeProducing(self) -> None:
        self._times.blocked_at = None
        if self._current is not None:
            self._current.resume()
        self.advance()
        self._speed_up()

    def stopProducing(self) -> None: ...  # connectionLost says so

    @property
    def blocked(self) -> bool:
        """Whether the client does not read what was written (Carrier)."""
        return self._times.blocked_at is not None

    # -- the parser's side ---------------------------------------------------------------------------

    def _feed(self, feed: Callable[[bytes], bytes | None], data: bytes) -> None:
        self._writer.gathers = True
        try:
            rest = feed(data)
            while rest is not None and not self.closing:
                if self._tunnel is not None:
                    self._tunnel.protocol.dataReceived(rest)
                    break
                if self._current is not None or self._queue:
                    self._rest = rest
                    break
                rest = self._intake.go_on(rest)
        except BadRequestError as error:
            if not self.closing:
                self._fault = error
        finally:
            self._writer.gathers = False
        self._writer.flush()
        if self._fault is not None:
            self._refuse_soon()
        is_open = self._intake.is_open
        if not is_open:
            self._times.begun_at = None
        if self._input_over:
            self._close_if_over()
        if is_open or self._queue or self._rest is not None:
            self._slow_down()

    @property
    def is_full(self) -> bool:
        """Whether no more requests are wanted just now."""
        return self.closing or len(self._queue) >= WAITING

    def arrived(self, exchange: Exchange) -> None:
        """A request has begun."""
        exchange.begun_at = self._times.active_at
        if self._current is None and not self.blocked:
            self._current = exchange
            exchange.begin()
        else:
            self._queue.append(exchange)

    def ended(self) -> None:
        """A request is here, whole: what comes now is the next."""
        self._times.begun_at = self._times.active_at
        self.advance()

    def _refuse_soon(self) -> None:
        """Answer the fault, after what was asked before it."""
        fault = self._fault
        assert fault is not None
        incoming = self._intake.take()
        if incoming is not None:  # it is its content that is none
            if incoming.answered and not incoming.finished:
                self.abort()
                return
            self._refused = None if incoming.answered else incoming.request
            if incoming is self._current:
                self._current = None
            elif not incoming.finished:
                self._queue.remove(incoming)
            incoming.finished = True
            incoming.lost()
        self.advance()
        if self._current is None and not self._queue:
            self._refuse(fault)

    # -- one request after the other -----------------------------------------------------------------

    def advance(self) -> None:
        """Begin what waits, unless something is under way."""
        if self._advancing:
            return
        self._advancing = True
        while self._queue and not (self._current or self._tunnel or self.blocked or self.closing):
            self._current = self._queue.popleft()
            self._current.begin()
        self._advancing = False
        busy = self._current or self._queue or self.closing or self._writer.gathers or self._tunnel
        if busy or self.blocked:
            return
        if self._intake.unread:
            self._feed(self._intake.feed, b"")
        elif self._fault is not None:
            self._refuse(self._fault)
        elif self._rest is not None:
            rest, self._rest = self._rest, None
            self._feed(self._intake.go_on, rest)
        elif self._input_over:
            self._close_if_over()
        self._speed_up()

    def _done(self, exchange: Exchange) -> None:
        """The response of `exchange` has been written."""
        self._report(exchange)
        if not self._writer.gathers:  # else it is the time of the read
            self._times.active_at = self.factory.clock.seconds()
        self._current = None
        if exchange.keeps and not self.factory.retiring:
            self.advance()
        else:
            self._close()

    def _report(self, exchange: Exchange) -> None:
        exchange.finished = True
        if self.factory.logs or self.factory.tap.watched:
            self.factory.answered(exchange)

    def _close_if_over(self) -> None:
        """Close if everything is answered that a client asked before it shut down its side."""
        busy = self._current or self._queue or self._writer.gathers or self._tunnel
        if not busy and not self.closing:
            self._close()

    def _close(self) -> None:
        """Close, once everything is sent; with time to read it for a client that is still sending."""
        self.closing = True
        self._times.closing_at = self.factory.clock.seconds()
        self._queue.clear()
        self._writer.flush()
        unread = self._intake.is_open or self._fault is not None or self._times.paused_at is not None
        self._speed_up()
        end(self.transport, lingers=unread and not self._input_over)

    def _refuse(self, fault: BadRequestError) -> None:
        """Answer what cannot be read, listen to nothing more, and close."""
        if not self.closing:
            self.factory.refused_request(self, fault, self._refused)
            self.factory.counts.responses[fault.status // 100] += 1
            self._writer.write(refusal(fault.status, fault.detail))
            self._close()

    # -- the exchange's side (Carrier) ---------------------------------------------------------------

    def go_on(self, exchange: Exchange) -> None:
        if exchange.expects and exchange.received == 0:
            exchange.expects = False
            self._times.begun_at = self.factory.clock.seconds()  # until now it was told to wait
            self._writer.write(CONTINUE)
        self._speed_up()

    def taken(self, exchange: Exchange) -> None:
        self._speed_up()

    def answer(self, exchange: Exchange, response: Response, content: bytes) -> None:
        if not exchange.can_be_skipped:
            exchange.keeps = False
        exchange.head_leaves(response.status)
        self._writer.whole(exchange, response, content, self._connection(exchange))
        self._done(exchange)

    def begin(self, exchange: Exchange, response: Response, length: int | None) -> None:
        if self._writer.ends_connection(exchange, response, length):
            exchange.keeps = False
        exchange.head_leaves(response.status)
        self._writer.begin(exchange, response, length, self._connection(exchange))

    def write(self, exchange: Exchange, piece: bytes) -> None:
        self._writer.piece(piece)

    def finish(self, exchange: Exchange) -> None:
        if not exchange.can_be_skipped:
            exchange.keeps = False
        self._writer.finish()
        self._done(exchange)

    def reset(self, exchange: Exchange) -> None:
        self._report(exchange)
        self.abort()

    def tunnel(self, exchange: Exchange, upgrade: Upgrade) -> None:
        exchange.status = 101
        exchange.head_leaves(exchange.status)
        self._report(exchange)
        self._writer.write(switching(upgrade.token, upgrade.headers))
        self._writer.flush()
        transport: Any = self.transport
        transport.unregisterProducer()
        self._current = None
        self._tunnel = Tunnel(upgrade, transport)
        rest, self._rest = self._rest, None
        self._tunnel.begin(rest, self._input_over)
        self._speed_up()

    def _connection(self, exchange: Exchange) -> str:
        """The Connection header."""
        if self.factory.retiring or (self._input_over and not self._queue):
            exchange.keeps = False
        if not exchange.keeps:
            return "close"
        return "keep-alive" if exchange.request.version == "1.0" else ""

    def _must_wait(self) -> bool:
        if self.closing or self._tunnel is not None:
            return False
        return bool(self.blocked or self._queue or self._rest or self._intake.must_wait)

    def _slow_down(self) -> None:
        if self._times.paused_at is None and self._must_wait():
            self._times.paused_at = self.factory.clock.seconds()
            self.transport.pauseProducing()

    def _speed_up(self) -> None:
        if self._times.paused_at is not None and not self._must_wait():
            self._times.resumed(self.factory.clock.seconds())
            self.transport.resumeProducing()
