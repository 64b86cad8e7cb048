"""One HTTP/2 connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from h2 import events
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import (
    IHalfCloseableDescriptor,
    IHalfCloseableProtocol,
    IPushProducer,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.http.server.connection_peer import connection_peer
from protocols.http.server.exchange import Exchange
from protocols.http.server.http2_meter import LARGEST_STREAM, FrameError, FrameMeter
from protocols.http.server.http2_outflow import Outflow
from protocols.http.server.http2_request import MalformedError, read_trailers
from protocols.http.server.http2_requests import RequestReader
from protocols.http.server.http2_state import ServerState
from protocols.http.server.http2_stream import HTTP2Stream
from protocols.http.server.http2_time import HTTP2Time
from protocols.http.server.http2_writer import FrameWriter
from protocols.session import Peer

if TYPE_CHECKING:
    from protocols.http.server.factory import HTTPFactory

GATHERED: Final = 16 * 1024 * 1024
"""Bytes of content that one connection may have kept here, for routes that want theirs whole; more, where two
requests may have more."""

LINGER: Final = 2.0
"""Seconds a client may go on sending after our last frame, so that it can read that."""

CLOSING: Final = 60.0
"""Seconds a client gets to read what is left where idleness has no limit."""

FAREWELL: Final = b"farewell"
"""What the PING says whose answer means that the client has heard of it."""


@implementer(IHalfCloseableProtocol, IPushProducer)
class HTTP2Connection(HTTP2Time, Protocol):
    """A connection of an :class:`~protocols.http.HTTPFactory` (RFC 9113).

    What one read leads to goes out in one write.
    """

    factory: HTTPFactory
    peer: Peer
    scheme = "http"
    blocked = False
    """Whether the client does not read what was written."""
    outflow: Outflow
    writer: FrameWriter
    now: Callable[[], float]

    def __init__(self) -> None:
        self._state: ServerState
        self._meter: FrameMeter
        self._streams: dict[int, HTTP2Stream] = {}
        self._reader: RequestReader
        self._requests = 0
        self._gathered = 0
        self._closing = False
        """Whether what comes is not listened to."""
        self._input_over = False
        self._peer_leaves = False
        """Whether the client will ask for nothing more."""
        self._leaving_at: float | None = None
        self._last: int | None = None
        """The last stream that is served, once that is settled."""
        self._opened_at = self._active_at = 0.0
        self._checked_at = 0.0
        self._blocked_at = 0.0
        self._closing_at = 0.0
        self._close_time = 0.0

    # -- the transport's side ------------------------------------------------------------------------

    def connectionMade(self) -> None:
        transport: Any = self.transport
        self.peer = connection_peer(transport)
        self.scheme = self.peer.transport
        self.now = self.factory.clock.seconds
        self._opened_at = self._active_at = self._checked_at = self.now()
        self._state = ServerState(self.factory.limits)
        self._meter = FrameMeter(self.factory.limits)
        self._reader = RequestReader(self.scheme, self.factory.limits)
        self.writer = FrameWriter(self._state, transport, self.factory.clock, self.factory.counts)
        self.outflow = Outflow(self, self._state, self._meter.updates)
        transport.registerProducer(self, True)
        if ITCPTransport.providedBy(transport):
            # A window that is opened must not wait until the client has confirmed what was said before.
            transport.setTcpNoDelay(True)
        self.writer.flush()

    def dataReceived(self, data: bytes) -> None:
        if self._closing:
            return
        self.factory.counts.bytes_in += len(data)
        self.writer.gathers = True
        try:
            self._feed(data)
        except FrameError as error:
            self._state.close_connection(error.error_code)
            self._fail(error)
        finally:
            self.writer.gathers = False
        self.writer.flush()
        self._close_if_over()

    def _feed(self, data: bytes) -> None:
        self._meter.feed(data, self.now())
        try:
            heard = self._state.receive_data(data)
        except ProtocolError as error:
            self._fail(error)
            return
        # Settings are acknowledged before anything is sent that goes by them.
        self.writer.take_over()
        for event in heard:
            handle = _HANDLERS.get(type(event))
            if handle is not None:
                handle(self, event)

    def readConnectionLost(self) -> None:
        """The client sends nothing more: what it has asked is answered (IHalfCloseableProtocol)."""
        self._input_over = True
        if self._closing:
            self.transport.loseConnection()
            return
        for stream in list(self._streams.values()):
            stream.input_lost()
        self._close_if_over()

    def writeConnectionLost(self) -> None:
        """Our side is shut down; the client has some seconds to follow (IHalfCloseableProtocol)."""
        self._closing_at, self._close_time = self.now(), LINGER

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._closing = True
        self.writer.close()
        self._lose_streams(reason)
        self.factory.left(self, reason)

    def pauseProducing(self) -> None:
        if not self.blocked:
            self.blocked = True
            self._blocked_at = self.now()
            # What its frames would have us answer would pile up here.
            self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        if not self.blocked:
            return
        self.blocked = False
        self.outflow.pour()
        for stream in list(self._streams.values()):
            stream.resume()
        if not self.blocked:
            self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """connectionLost says so."""

    # -- what h2 makes of it -------------------------------------------------------------------------

    def _request(self, event: events.RequestReceived) -> None:
        state = self._state.streams.get(event.stream_id)
        if state is None or state.closed:
            return  # taken back in the same breath
        if len(self._streams) >= self.factory.limits.streams or (
            self._last is not None and state.stream_id > self._last
        ):
            self.count_refusal()
            self.writer.reset(state, ErrorCodes.REFUSED_STREAM)
            return
        try:
            parts = self._reader.read(event.headers)
        except MalformedError:
            self.count_refusal()
            self.writer.reset(state, ErrorCodes.PROTOCOL_ERROR)
            return
        stream = self._streams[state.stream_id] = HTTP2Stream(self, state, parts)
        self._requests += 1
        self.factory.counts.requests += 1
        if self._requests == self.factory.limits.requests:
            self._leave()
        stream.open(whole=event.stream_ended is not None)

    def _data(self, event: events.DataReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            stream.data(event.data, event.flow_controlled_length)
        elif event.flow_controlled_length:
            self.writer.acknowledge(event.stream_id, event.flow_controlled_length)

    def _ended(self, event: events.StreamEnded) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            stream.end()

    def _trailers(self, event: events.TrailersReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None:
            return
        try:
            trailers = read_trailers(event.headers)
        except MalformedError:
            stream.refuse(ErrorCodes.PROTOCOL_ERROR)
        else:
            stream.end(trailers)

    def _reset(self, event: events.StreamReset) -> None:
        if not event.remote_reset:
            self.count_refusal()
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            stream.lost(Failure(ConnectionLost("the client has reset the stream")))

    def _window(self, event: events.WindowUpdated) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is not None and stream.size:
            self.outflow.add(stream)
        elif not event.stream_id:
            self.outflow.pour()

    def _settings(self, event: events.RemoteSettingsChanged) -> None:
        for stream in list(self._streams.values()):
            if stream.size:
                self.outflow.add(stream)

    def _pong(self, event: events.PingAckReceived) -> None:
        if event.ping_data == FAREWELL and self._leaving_at is not None:
            self._settle()

    def _goaway(self, event: events.ConnectionTerminated) -> None:
        self._peer_leaves = True

    def _fail(self, error: Exception) -> None:
        """Nothing the client says makes sense any more, or it says too much."""
        self.refused_request(error)
        self._close()
        self._lose_streams(Failure(error))

    # -- the streams' side ---------------------------------------------------------------------------

    def answered(self, exchange: Exchange) -> None:
        """A response is on its way, whole."""
        self._meter.resets.earn(1)
        self.factory.answered(exchange)

    def may_gather(self, size: int, whole: int) -> bool:
        """Whether another `size` bytes of a content may be kept, which then has `whole`."""
        self._gathered += size
        most = max(GATHERED, 2 * self.factory.limits.body)
        return self._gathered <= most or self._gathered == whole

    def left(self, stream_id: int, gathered: int) -> None:
        """A stream is over, for which `gathered` bytes of content were kept."""
        self._gathered -= gathered
        self._streams.pop(stream_id, None)
        self._active_at = self.now()
        if not self.writer.gathers:
            self._close_if_over()

    def count_refusal(self) -> None:
        """A stream ends for a mistake of the client's.  Raises :class:`FrameError`."""
        self._meter.reset(self.now())

    def refused_request(self, error: Exception) -> None:
        """A request was not even read to its end."""
        self.factory.refused_request(self, error)

    # -- the end -------------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Have the client ask for nothing more; what is on its way already is still answered (RFC 9113,
        section 6.8)."""
        if self._leaving_at is None and not self._closing:
            self._leaving_at = self.now()
            self.writer.goaway(LARGEST_STREAM, FAREWELL)

    def _settle(self) -> None:
        """Say which stream is the last that is served."""
        if self._last is None:
            self._last = self._state.highest_inbound_stream_id
            self.writer.goaway(self._last)

    def _close_if_over(self) -> None:
        if self._streams or self._closing:
            return
        if self._input_over or self._peer_leaves:
            self._settle()
        if self._last is not None:
            self._close()

    def _close(self) -> None:
        """Close, once everything is sent; with time to read it for a client that is still sending, for a
        socket closed with unread input makes the kernel reset it."""
        self.writer.flush()
        self.writer.close()
        self._closing = True
        self._closing_at = self.now()
        self._close_time = self.factory.limits.idle or CLOSING
        transport: Any = self.transport
        transport.unregisterProducer()
        if self.blocked:
            transport.resumeProducing()
        half = IHalfCloseableDescriptor.providedBy(transport) and not ISSLTransport.providedBy(transport)
        if half and not self._input_over:
            transport.loseWriteConnection()
        else:
            transport.loseConnection()

    def _lose_streams(self, reason: Failure) -> None:
        for stream in list(self._streams.values()):
            stream.lost(reason)


_HANDLERS: Final[Mapping[type[events.Event], Callable[[HTTP2Connection, Any], None]]] = {
    events.RequestReceived: HTTP2Connection._request,
    events.DataReceived: HTTP2Connection._data,
    events.StreamEnded: HTTP2Connection._ended,
    events.TrailersReceived: HTTP2Connection._trailers,
    events.StreamReset: HTTP2Connection._reset,
    events.WindowUpdated: HTTP2Connection._window,
    events.RemoteSettingsChanged: HTTP2Connection._settings,
    events.PingAckReceived: HTTP2Connection._pong,
    events.ConnectionTerminated: HTTP2Connection._goaway,
}
"""What is done about each of h2's events that matter."""
