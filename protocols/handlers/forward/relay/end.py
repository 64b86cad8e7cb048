"""One of the two connections of a relay, as the reactor sees it."""

from __future__ import annotations

import select
import socket
import struct
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IReadDescriptor, IWriteDescriptor
from twisted.internet.main import CONNECTION_LOST
from twisted.python.failure import Failure
from zope.interface import implementer

if TYPE_CHECKING:
    from protocols.handlers.forward.relay.flow import Flow
    from protocols.handlers.forward.relay.relay import Relay

_RESET: Final = struct.pack("ii", 1, 0)
"""Linger for no time (socket(7), ``SO_LINGER``): close() then resets the connection."""


@implementer(IReadDescriptor, IWriteDescriptor)
class End:
    """A socket that does not block, where one flow comes from and the other goes to.

    .. attribute:: outward

       The flow that is read here.

    .. attribute:: inward

       The flow that is written here.
    """

    __slots__ = (
        "_is_tcp",
        "_reactor",
        "_reads",
        "_relay",
        "_writes",
        "fileno",
        "inward",
        "outward",
        "socket",
    )

    inward: Flow
    outward: Flow

    def __init__(self, relay: Relay, connected: socket.socket, reactor: Any, *, is_tcp: bool) -> None:
        self._relay = relay
        self._reactor = reactor
        self.socket = connected
        self.fileno = connected.fileno
        self._reads = False
        self._writes = False
        self._is_tcp = is_tcp
        if is_tcp:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, wanted: bool) -> None:
        """Whether the reactor says when there is something to be read."""
        if wanted is not self._reads:
            self._reads = wanted
            (self._reactor.addReader if wanted else self._reactor.removeReader)(self)

    def write(self, wanted: bool) -> None:
        """Whether the reactor says when something can be written."""
        if wanted is not self._writes:
            self._writes = wanted
            (self._reactor.addWriter if wanted else self._reactor.removeWriter)(self)

    def close(self, *, reset: bool = False) -> None:
        """Close the socket; with `reset`, so that the peer does not take it for an end in order."""
        self.read(False)
        self.write(False)
        if reset and self._is_tcp:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.socket.close()
        # Nothing happens here any more, and no cycle is left for the garbage collector.
        del self.inward, self.outward

    # -- the reactor's side --------------------------------------------------------------------------

    def doRead(self) -> None:
        self.outward.pull()

    def doWrite(self) -> None:
        self.inward.push()

    def connectionLost(self, reason: Failure = Failure(CONNECTION_LOST)) -> None:  # noqa: B008
        """The peer has hung up both ways; the reactor watches this no more."""
        reads, writes = self._reads, self._writes
        self._reads = self._writes = False
        poller = select.poll()
        poller.register(self.socket, 0)
        if poller.poll(0):
            self._relay.hung_up(self)
        else:  # what has happened was about a socket of the same number
            self.read(reads)
            self.write(writes)

    def logPrefix(self) -> str:
        return "relay"
