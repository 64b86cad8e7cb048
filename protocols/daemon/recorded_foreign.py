"""Protocols of the user's of which records are made."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocolFactory, ITransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from protocols.connection_record import ConnectionRecord, Tell
from protocols.daemon.carriers import ForeignConnection, ForeignFactory
from protocols.journal import Journal
from protocols.peer_address import stream_peer
from protocols.tap import Direction


class RecordedForeignConnection(ForeignConnection):
    """Counts what passes, and tells of it at its end."""

    factory: RecordingFactory
    _received = _sent = 0

    def makeConnection(self, transport: ITransport) -> None:
        self._peer = stream_peer(transport)
        self._begun_at = self.factory.clock.seconds()
        super().makeConnection(transport)

    def _passes(self, direction: Direction, *pieces: bytes) -> None:
        size = sum(map(len, pieces))
        if direction == "in":
            self._received += size
        else:
            self._sent += size
        super()._passes(direction, *pieces)

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


class RecordingFactory(ForeignFactory):
    """The same, with a record of each connection that is over.

    :param clock: a reactor.
    """

    protocol = RecordedForeignConnection

    def __init__(
        self, factory: IProtocolFactory, journal: Journal, connections: int, *, tell: Tell, clock: Any
    ) -> None:
        super().__init__(factory, journal, connections)
        self.tell = tell
        self.clock = clock
