"""The client's end of a stream: frames and moves the messages of one exchange."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import error
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IHandshakeListener,
    IPushProducer,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.daemon.command.exchange import Exchange
from protocols.framing import Framing, FramingError


@implementer(IHalfCloseableProtocol, IHandshakeListener, IPushProducer)
class StreamClient(Protocol):
    """A :class:`~protocols.daemon.command.exchange.Carrier` over TCP, TLS or a Unix socket.

    :param tls: whether the exchange begins after a handshake only; then there is no half-close either.
    :param explain: says why a connection was lost, or a handshake failed.
    """

    transport: Any

    def __init__(
        self, exchange: Exchange, framing: Framing, *, tls: bool, explain: Callable[[Failure, bool], str]
    ) -> None:
        self._exchange = exchange
        self._decoder = framing.decoder()
        self._tls = tls
        self._explain = explain
        self._started = False
        self._half_closed = False

    # -- the transport's side ------------------------------------------------------------------------

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, True)
        if not self._tls:
            self._start()

    def handshakeCompleted(self) -> None:
        """The server has proved who it is (IHandshakeListener)."""
        self._start()

    def _start(self) -> None:
        self._started = True
        self._exchange.start(self)

    def dataReceived(self, data: bytes) -> None:
        try:
            messages, fault = self._decoder.feed(data), None
        except FramingError as error:
            messages, fault = list(error.messages), error
        for message in messages:
            self._exchange.received(message)
        if fault is not None:
            self._exchange.fail(f"the replies are not framed as expected: {fault}")

    def readConnectionLost(self) -> None:
        """The server has sent all it will (IHalfCloseableProtocol)."""
        self._lose()

    def writeConnectionLost(self) -> None:
        """Our side is shut down (IHalfCloseableProtocol)."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._started and reason.check(error.ConnectionDone):
            try:
                self._decoder.finish()
            except FramingError as fault:
                self._exchange.fail(f"the replies are not framed as expected: {fault}")
        else:
            self._exchange.fail(self._explain(reason, self._started))
        self._exchange.closed()

    def pauseProducing(self) -> None:
        self._exchange.block()

    def resumeProducing(self) -> None:
        self._exchange.unblock()

    def stopProducing(self) -> None:
        """The transport is gone (IPushProducer); ``connectionLost`` follows."""

    # -- the exchange's side -------------------------------------------------------------------------

    def send(self, message: bytes) -> None:
        self.transport.write(message)

    def end_sending(self) -> None:
        if not self._tls and not self._half_closed:
            self._half_closed = True
            self.transport.unregisterProducer()
            self.transport.loseWriteConnection()

    def close(self, *, linger: bool) -> None:
        if linger and not self._tls:
            self.end_sending()
        else:
            self._lose()

    def _lose(self) -> None:
        # TLS never closes under a registered producer.
        self.transport.unregisterProducer()
        self.transport.loseConnection()
