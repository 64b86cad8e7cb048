"""One request and its response on an HTTP/2 connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from h2.errors import ErrorCodes
from h2.stream import H2Stream
from twisted.python.failure import Failure

from protocols.http.error_pages import error_response
from protocols.http.errors import HTTPError
from protocols.http.fields import Headers
from protocols.http.response import BODILESS, Response
from protocols.http.server import http2_fields
from protocols.http.server.exchange import Exchange
from protocols.http.server.http2_request import RequestParts
from protocols.http.server.http2_state import STREAM_WINDOW
from protocols.http.server.http2_tunnel import StreamTransport
from protocols.http.server.misdirected import governs_of, misdirected
from protocols.http.upgrade import Upgrade

if TYPE_CHECKING:
    from protocols.http.server.http2 import HTTP2Connection

ENOUGH: Final = 64 * 1024
"""Bytes of a body that wait for the client; whoever makes it then waits too."""

BEHIND: Final = 4
"""The part of its window, one in so many, that a reader may leave unread and still count as keeping up."""


class HTTP2Stream:
    """The carrier of one exchange.

    .. attribute:: size

       Bytes that wait to be sent.
    """

    __slots__ = (
        "_begun_at",
        "_connection",
        "_early",
        "_exchange",
        "_gathered",
        "_input_over",
        "_kept_up",
        "_moved_at",
        "_pieces",
        "_tunnel",
        "_unread",
        "_window",
        "_writer",
        "ending",
        "gone",
        "queued",
        "size",
        "state",
    )

    def __init__(self, connection: HTTP2Connection, state: H2Stream, parts: RequestParts) -> None:
        self.state = state
        self.size = 0
        self.queued = False
        """Whether it waits for its turn to send."""
        self.ending = False
        """Whether nothing follows what waits."""
        self.gone = False
        """Whether it is over."""
        self._connection = connection
        self._writer = connection.writer
        self._pieces: deque[bytes | memoryview] = deque()
        self._input_over = False
        self._gathered = 0  # bytes of the content that are kept, until it is whole and then until the end
        self._unread = 0  # bytes that came and have not been given back to the client's windows
        self._window = STREAM_WINDOW
        self._kept_up = 0  # bytes since the window was opened, or since a reader fell behind
        self._early: list[bytes] = []  # another protocol's, until it is clear whether it is spoken
        self._tunnel: StreamTransport | None = None
        self._begun_at = self._moved_at = now = connection.now()
        request = parts.request(connection.peer, connection.scheme)
        length = 0 if parts.upgrade else parts.length
        exchange = self._exchange = Exchange(self, connection.factory, request, length)
        count_messages = getattr(connection.transport, "count_messages", None)
        if count_messages is not None:
            count_messages(1)
        exchange.begun_at = now
        exchange.expects = parts.expects
        governs = governs_of(connection.transport)
        exchange.fault = parts.fault or misdirected(governs, parts.host)
        exchange.complete = parts.upgrade is not None

    # -- the request ---------------------------------------------------------------------------------

    def open(self, *, whole: bool) -> None:
        """Find out what answers; `whole`: there is no content."""
        exchange = self._exchange
        if whole:
            self._input_over = True
            if exchange.length:
                self.refuse(ErrorCodes.PROTOCOL_ERROR)
                return
            exchange.length = 0
            exchange.expects = False
            exchange.complete = True
        exchange.begin()

    def data(self, piece: bytes, size: int) -> None:
        """More content is here; with what is around it, it takes up `size` bytes of the windows."""
        self._unread += size
        if self._tunnel is not None:
            self._tunnel.received(piece)
        elif self._exchange.request.upgrade is None:
            if piece:
                self._take_in(piece)
        elif not self._exchange.answered:
            self._early.append(piece)
        self.give_back()
        if self._unread > self._window // BEHIND:
            self._kept_up = 0
            return
        self._kept_up += size
        if self._kept_up >= self._window:
            self._kept_up = 0
            self._window += self._writer.windows.widen(self.state, self._window)

    def _take_in(self, piece: bytes) -> None:
        exchange = self._exchange
        exchange.piece(piece)
        if exchange.gathers:
            self._gathered += len(piece)
            if not self._connection.may_gather(len(piece), self._gathered):
                self.refuse(ErrorCodes.REFUSED_STREAM)  # nobody has seen the request: it may be sent again

    def end(self, trailers: Headers | None = None) -> None:
        """The client sends nothing more."""
        if self._input_over:
            return
        self._input_over = True
        exchange = self._exchange
        if self._tunnel is not None:
            self._tunnel.read_ended()
        elif exchange.length is not None and exchange.length != exchange.received:
            self.refuse(ErrorCodes.PROTOCOL_ERROR)
        elif not exchange.complete:
            exchange.end(trailers)

    def lost(self, reason: Failure) -> None:
        """The client is gone, or has taken the request back."""
        if not self.gone:
            self._leave()
            self._exchange.lost()
            if self._tunnel is not None:
                self._tunnel.lost(reason)

    def input_lost(self) -> None:
        """The client can send nothing more."""
        if self._tunnel is not None:
            self.end()
        elif not self._input_over:
            self._give_up(ErrorCodes.CANCEL)  # the rest of its content will never come

    def refuse(self, code: ErrorCodes) -> None:
        """End the stream for a mistake of the client's."""
        self._connection.count_refusal()
        self._give_up(code)

    def drain(self) -> None:
        """The service stops: a response still comes to its end, another protocol is asked to."""
        if self._tunnel is not None:
            self._tunnel.drain()

    def give_back(self) -> None:
        """Let the client send as much again as has been read."""
        unread, held = self._unread, 0
        if not unread:
            return
        if self.gone:
            pass
        elif self._tunnel is not None:
            held = self._tunnel.held
        elif self._early:
            held = unread
        else:
            held = self._exchange.held
        if unread > held:
            self._unread = held
            self._writer.acknowledge(self.state.stream_id, unread - held)

    # -- time ----------------------------------------------------------------------------------------

    def check_time(self, now: float, elapsed: float) -> None:
        """End the stream if something takes too long; the last look was `elapsed` seconds ago."""
        if self._tunnel is not None:
            return
        limits = self._connection.factory.limits
        exchange = self._exchange
        if self.size and not self._connection.blocked and 0 < limits.idle <= now - self._moved_at:
            self._connection.factory.journal.idle(self._connection.peer, limits.idle)
            self._give_up(ErrorCodes.CANCEL)
        elif self._input_over or exchange.complete:
            return
        elif exchange.held or exchange.expects:
            self._begun_at += elapsed  # it waits for us
        elif now - self._begun_at >= limits.header_time + exchange.received / limits.body_rate:
            self._late()

    def _late(self) -> None:
        exchange = self._exchange
        error = HTTPError(408, "The request took too long to come")
        self._connection.factory.journal.framing_error(exchange.request.peer, error)
        if exchange.answered:
            self._give_up(ErrorCodes.CANCEL)
            return
        exchange.finished = True  # by us: nobody has given it up
        exchange.lost()
        response = error_response(exchange.request, error)
        exchange.answered = True
        exchange.status = response.status
        assert isinstance(response.content, bytes)
        self.answer(exchange, response, response.content)

    # -- the exchange's side (Carrier) ---------------------------------------------------------------

    @property
    def blocked(self) -> bool:
        return self.is_full or self._connection.blocked

    def go_on(self, exchange: Exchange) -> None:
        if exchange.expects:
            exchange.expects = False
            if exchange.received == 0 and not self._is_closed:
                self._writer.interim(self.state, http2_fields.informational(100))

    def taken(self, exchange: Exchange) -> None:
        self.give_back()

    def answer(self, exchange: Exchange, response: Response, content: bytes) -> None:
        self.begin(exchange, response, len(content))
        if not self.gone:
            self.ending = True
            self.push(content)

    def begin(self, exchange: Exchange, response: Response, length: int | None) -> None:
        if self._is_closed:
            return
        exchange.head_leaves(response.status)
        bodiless = length == 0 or response.status in BODILESS or exchange.request.method == "HEAD"
        self._writer.head(self.state, http2_fields.head(response, length), end=bodiless)
        if bodiless:
            self._answered()

    def write(self, exchange: Exchange, piece: bytes) -> None:
        self.push(piece)
        if self.is_full:
            exchange.pause()

    def finish(self, exchange: Exchange) -> None:
        if self._is_closed:
            return
        self.ending = True
        if not self.size:
            self._send_end()
            self._answered()

    def reset(self, exchange: Exchange) -> None:
        exchange.finished = True
        self._connection.factory.answered(exchange)
        self._give_up(ErrorCodes.INTERNAL_ERROR)

    def tunnel(self, exchange: Exchange, upgrade: Upgrade) -> None:
        if self._is_closed:
            return
        exchange.status = 200
        exchange.finished = True
        exchange.head_leaves(exchange.status)
        self._connection.factory.answered(exchange)
        self._writer.head(self.state, http2_fields.tunnelled(upgrade.headers), end=False)
        tunnel = self._tunnel = StreamTransport(self, self._connection.transport, upgrade)
        tunnel.start()
        early, self._early = self._early, []
        for piece in early:
            tunnel.received(piece)
        if self._input_over:
            tunnel.read_ended()
        self.give_back()

    # -- the other protocol's side -------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Whether enough waits to be sent."""
        return self.size >= ENOUGH

    def end_writing(self) -> None:
        """The protocol writes nothing more, but listens."""
        if not self._is_closed:
            self._send_end()
            if self._input_over:
                self._leave()

    def end_tunnel(self) -> None:
        """The protocol has closed."""
        if self._is_closed:
            return
        if not self.ending:
            self._send_end()
        self._stop_input()

    def abort(self) -> None:
        """The protocol gives up."""
        self._give_up(ErrorCodes.CANCEL)

    def failed(self, error: Exception) -> None:
        """The protocol has a bug."""
        self._connection.factory.journal.failed(self._connection.peer, error)

    def soon(self, call: Callable[[], None]) -> None:
        """Call in the next turn of the reactor."""
        self._connection.factory.clock.callLater(0, call)

    # -- sending -------------------------------------------------------------------------------------

    def push(self, piece: bytes) -> None:
        """Send `piece` when the client takes it."""
        if self._is_closed:
            return
        if not self.size:
            self._moved_at = self._connection.now()
        self._pieces.append(piece)
        self.size += len(piece)
        self._connection.outflow.add(self)

    def take(self, room: int) -> bytes | memoryview:
        """`room` bytes of what waits, or less: to be sent now."""
        self._moved_at = self._connection.now()
        pieces = self._pieces
        piece = pieces.popleft()
        if len(piece) > room:
            rest = memoryview(piece)
            piece = rest[:room]
            pieces.appendleft(rest[room:])
        self.size -= len(piece)
        return piece

    def drained(self) -> None:
        """Nothing waits any more."""
        if self._tunnel is not None:
            self._tunnel.drained()
        elif self.ending:
            self._answered()
        else:
            self._exchange.resume()

    def resume(self) -> None:
        """The transport takes more."""
        if not self.size and self._tunnel is None:
            self._exchange.resume()

    # -- the end -------------------------------------------------------------------------------------

    @property
    def _is_closed(self) -> bool:
        """Whether nothing can be sent, also because of a frame that is yet to be told of."""
        return self.gone or self.state.closed

    def _send_end(self) -> None:
        self.ending = True
        self._writer.data(self.state, b"", end=True)

    def _answered(self) -> None:
        """The response is on its way, whole."""
        exchange = self._exchange
        exchange.finished = True
        self._connection.answered(exchange)
        self._stop_input()

    def _stop_input(self) -> None:
        """What the client may still be sending is not wanted (RFC 9113, section 8.1)."""
        if not self._input_over:
            self._writer.reset(self.state, ErrorCodes.NO_ERROR)
        self._leave()

    def _give_up(self, code: ErrorCodes) -> None:
        if not self.gone:
            self._writer.reset(self.state, code)
            self._leave()
            self._exchange.lost()

    def _leave(self) -> None:
        self.gone = True
        self._pieces.clear()
        self._early.clear()
        self.size = 0
        self.give_back()
        self._writer.windows.left(self._window)
        self._connection.left(self.state.stream_id, self._gathered)
