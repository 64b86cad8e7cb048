"""A datagram socket of which each datagram that is heard is recorded."""

from __future__ import annotations

from typing import Any

from protocols.connection_record import ConnectionRecord, Tell
from protocols.datagram import DatagramServer
from protocols.peer_address import datagram_peer
from protocols.session import Handler


class RecordedDatagramServer(DatagramServer):
    """Tells of each datagram; not of those that a gate keeps out.

    :param tell: hears of them.
    """

    def __init__(self, handler: Handler, *, tell: Tell, **settings: Any) -> None:
        super().__init__(handler, **settings)
        self._tell_of = tell

    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        super().datagramReceived(datagram, addr)
        self._tell_of(ConnectionRecord(datagram_peer(addr), None, 1, len(datagram), None))
