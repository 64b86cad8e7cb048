# ruff: noqa: N802 - the names are Twisted's
"""A stream of an HTTP/2 connection as the transport of another protocol (RFC 8441, section 5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IHalfCloseableProtocol,
    IProtocol,
    IPushProducer,
    ITransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.http.upgrade import Upgrade

if TYPE_CHECKING:
    from protocols.http.server.http2_stream import HTTP2Stream


@implementer(ITransport, IConsumer, IPushProducer)
class StreamTransport:
    """What an upgrade's protocol reads from and writes to.

    As with TCP, ``loseConnection`` sends what was written, once a registered producer has finished; the
    end of the client's side is told to an ``IHalfCloseableProtocol``, and ends the stream for any other.

    .. attribute:: held

       Bytes that have come and wait for ``resumeProducing``.
    """

    connected = True
    disconnecting = False
    counts_bytes = True
    """That what is written is counted by the connection: looked for by name."""

    def __init__(self, stream: HTTP2Stream, below: Any, upgrade: Upgrade) -> None:
        self.held = 0
        self._stream = stream
        self._below = below
        self._protocol: IProtocol = upgrade.protocol
        self._drain = upgrade.drain or self.loseConnection
        self._kept: list[bytes] = []
        self._paused = False
        self._input_over = False
        self._write_over = False  # whether nothing more may be written
        self._producer: Any = None
        self._pulls = False
        self._producer_paused = False
        count_messages = getattr(below, "count_messages", None)
        if count_messages is not None:
            self.count_messages = count_messages  # looked for by name (see protocols.metering)

    # -- the stream's side ---------------------------------------------------------------------------

    def start(self) -> None:
        self._protocol.makeConnection(self)

    def received(self, piece: bytes) -> None:
        """The client has sent something."""
        if self.disconnecting or not self.connected:
            return
        if self._paused:
            self._kept.append(piece)
            self.held += len(piece)
        elif piece:
            try:
                self._protocol.dataReceived(piece)
            except Exception as error:  # noqa: BLE001 - the other streams have no part in it
                self._stream.failed(error)
                self.abortConnection()

    def read_ended(self) -> None:
        """The client sends nothing more."""
        self._input_over = True
        if self._paused or not self.connected:
            return
        if IHalfCloseableProtocol.providedBy(self._protocol):
            IHalfCloseableProtocol(self._protocol).readConnectionLost()
        else:
            self.loseConnection()

    def drained(self) -> None:
        """Everything that was written is on its way."""
        self._finish_if_drained()
        if self._producer is not None and (self._pulls or self._producer_paused):
            self._producer_paused = False
            self._producer.resumeProducing()

    def lost(self, reason: Failure) -> None:
        """The stream is gone."""
        if not self.connected:
            return
        self.connected = False
        self.held = 0
        self._kept.clear()
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stopProducing()
        self._protocol.connectionLost(reason)

    def drain(self) -> None:
        """Ask the protocol to end soon."""
        self._drain()

    # -- ITransport ----------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if not self.connected or self._write_over or not data:
            return
        self._stream.push(data)
        pushes = self._producer is not None and not self._pulls
        if pushes and self._stream.is_full and not self._producer_paused:
            self._producer_paused = True
            self._producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        if self.disconnecting or not self.connected:
            return
        self.disconnecting = True
        self._kept.clear()
        self.held = 0
        self._stream.give_back()
        self._finish_if_drained()

    def loseWriteConnection(self) -> None:
        """Send what was written, and nothing more; what the client sends is still heard."""
        self._write_over = True
        self._finish_if_drained()

    def abortConnection(self) -> None:
        """End the stream at once, whatever is still to be sent."""
        if self.connected:
            self.disconnecting = True
            self._stream.abort()
            self._lost_soon(ConnectionAborted())

    def getPeer(self) -> IAddress:
        peer: IAddress = self._below.getPeer()
        return peer

    def getHost(self) -> IAddress:
        host: IAddress = self._below.getHost()
        return host

    # -- IConsumer -----------------------------------------------------------------------------------

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self._producer is not None:
            raise RuntimeError("there is a producer already")
        if not self.connected:
            producer.stopProducing()
            return
        self._producer = producer
        self._pulls = not streaming
        self._producer_paused = False
        if self._pulls:
            producer.resumeProducing()
        elif self._stream.is_full:
            self._producer_paused = True
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        self._producer = None
        self._finish_if_drained()

    # -- IPushProducer -------------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        if not self._paused:
            return
        self._paused = False
        while self._kept and not self._paused:
            piece = self._kept.pop(0)
            self.held -= len(piece)
            self.received(piece)
        self._stream.give_back()
        if self._input_over and not self._kept:
            self.read_ended()

    def stopProducing(self) -> None:
        self.loseConnection()

    # -- the end -------------------------------------------------------------------------------------

    def _finish_if_drained(self) -> None:
        if self._stream.size or self._producer is not None:
            return
        if self.disconnecting:
            self._stream.end_tunnel()
            self._lost_soon(ConnectionDone())
        elif self._write_over:
            self._stream.end_writing()
            if IHalfCloseableProtocol.providedBy(self._protocol):
                IHalfCloseableProtocol(self._protocol).writeConnectionLost()
            if self._input_over:
                self.loseConnection()

    def _lost_soon(self, reason: Exception) -> None:
        """As transports do it, not from within a call of the protocol's."""
        self._stream.soon(lambda: self.lost(Failure(reason)))
