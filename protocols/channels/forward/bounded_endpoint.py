"""Connections on which nobody answers without end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import connectionDone
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.channels.forward.answer import LONGEST

HEADERS: Final = 64 * 1024
"""Bytes of the header fields of an answer, which the client of Twisted keeps all of: eight times what common
servers accept in a request."""


class TooLongError(Exception):
    """The header fields of an answer have no end."""

    def __init__(self) -> None:
        super().__init__(f"its headers are longer than {HEADERS} bytes")


@implementer(IStreamClientEndpoint)
class BoundedEndpoint:
    """Connects as `endpoint` does; a connection is cut off when more has come since something was written to
    it than headers and a content have that are read.

    Whoever reads a content closes after :data:`~protocols.channels.forward.answer.LONGEST` bytes of it, so
    what goes on is headers, or the frames of chunks.
    """

    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803 - Twisted's
        """Connect."""
        factory = _Bounding(protocolFactory)
        connecting: Deferred[Any] = self._endpoint.connect(factory)
        return connecting.addCallback(lambda bound: bound.wrappedProtocol)


class _Bound(ProtocolWrapper):
    def makeConnection(self, transport: Any) -> None:
        self._octets = 0
        self._is_cut = False
        super().makeConnection(transport)

    def write(self, data: bytes) -> None:
        self._octets = 0
        super().write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self._octets = 0
        super().writeSequence(data)

    def dataReceived(self, data: bytes) -> None:
        if self._octets > HEADERS + LONGEST:
            self._is_cut = True
            transport: Any = self.transport
            transport.abortConnection()
            return
        self._octets += len(data)
        super().dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(Failure(TooLongError()) if self._is_cut else reason)


class _Bounding(WrappingFactory[_Bound]):
    noisy = False
    protocol = _Bound
