"""Protocols of the user's of which records are made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, ITransport
from twisted.internet.protocol import connectionDone
from twisted.protocols.policies import WrappingFactory
from twisted.python.failure import Failure

from protocols.connection_record import ConnectionRecord, Tell
from protocols.daemon.carriers import ForeignConnection
from protocols.peer_address import stream_peer


class RecordedForeignConnection(ForeignConnection):
    """Counts what passes, and tells of it at its end."""

    factory: RecordingFactory
    _received = _sent = 0

    def makeConnection(self, transport: ITransport) -> None:
        self._peer = stream_peer(transport)
        self._begun_at = self.factory.clock.seconds()
        super().makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        self._received += len(data)
        super().dataReceived(data)

    def write(self, data: bytes) -> None:
        self._sent += len(data)
        super().write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        pieces = list(data)
        self._sent += sum(map(len, pieces))
        super().writeSequence(pieces)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self.factory.tell(
            ConnectionRecord(
                self._peer,
                self.factory.clock.seconds() - self._begun_at,
                None,
                self._received,
                self._sent,
                "" if reason.check(ConnectionDone) else str(reason.value),
            )
        )


class RecordingFactory(WrappingFactory[RecordedForeignConnection]):
    """`factory`, with a record of each connection that is over.

    :param clock: a reactor.
    """

    noisy = False

    def __init__(self, factory: IProtocolFactory, tell: Tell, clock: Any) -> None:
        super().__init__(factory)
        self.tell = tell
        self.clock = clock

    def buildProtocol(self, addr: IAddress | None) -> IProtocol | None:  # type: ignore[override]
        inner = self.wrappedFactory.buildProtocol(addr)
        return None if inner is None else RecordedForeignConnection(self, inner)
