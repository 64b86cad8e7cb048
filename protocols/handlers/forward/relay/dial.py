"""A plain connection to a target that is being made."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITransport, IWriteDescriptor
from twisted.internet.main import CONNECTION_LOST
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.handlers.forward.endpoint import endpoint_for
from protocols.handlers.forward.target import Target
from protocols.handover import taken_out
from protocols.outgoing_reason import why_unreachable

Reached = Callable[[socket.socket], object]
"""Is given the connection, which does not block."""

Failed = Callable[[str], object]
"""Is told why there is none."""

Address: TypeAlias = str | tuple[str, int]
"""Of a Unix socket, or an IP address and a port."""

UNDER_WAY: Final = (errno.EINPROGRESS, errno.EALREADY)


class Dial:
    """Connects to `target`, and calls one of the two once, perhaps at once, unless it is cancelled before."""

    __slots__ = ("_attempt", "_failed", "_reached")

    def __init__(
        self, target: Target, reactor: Any, timeout: float, reached: Reached, failed: Failed
    ) -> None:
        self._reached: Reached | None = reached
        self._failed: Failed | None = failed
        self._attempt: _Attempt | Deferred[Any] | None = None
        if target.path or target.is_address:
            self._connect(target, reactor)
        else:
            # Names have several addresses, which Twisted tries beside each other.
            endpoint = endpoint_for(target, reactor, timeout)
            attempt = endpoint.connect(Factory.forProtocol(_TakenOut))
            self._attempt = attempt
            attempt.addCallbacks(self._taken_out, self._not_reached)

    def cancel(self) -> None:
        """Call nobody any more."""
        self._reached = self._failed = None
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancel()

    def _connect(self, target: Target, reactor: Any) -> None:
        try:
            connecting = _socket_for(target)
        except OSError as error:
            self.ended(None, os.strerror(error.errno or 0))
            return
        address = _address_of(target)
        number = connecting.connect_ex(address)
        if number in UNDER_WAY:
            # One to this machine is there as soon as it is asked for again.
            number = connecting.connect_ex(address)
        if number in UNDER_WAY:
            self._attempt = _Attempt(connecting, address, reactor, self)
        elif number in (0, errno.EISCONN):
            self.ended(connecting, "")
        else:
            connecting.close()
            self.ended(None, os.strerror(number))

    def ended(self, connected: socket.socket | None, why: str) -> None:
        """There is a connection now, or never will be."""
        self._attempt = None
        reached, failed = self._reached, self._failed
        self._reached = self._failed = None
        if connected is not None and reached is not None:
            reached(connected)
        elif connected is None and failed is not None:
            failed(why)
        elif connected is not None:
            connected.close()

    def _taken_out(self, protocol: Any) -> None:
        while not isinstance(protocol, _TakenOut):
            protocol = protocol.wrappedProtocol
        self.ended(protocol.socket, "")

    def _not_reached(self, failure: Failure) -> None:
        self.ended(None, why_unreachable(failure.value))


@implementer(IWriteDescriptor)
class _Attempt:
    """Waits until a socket is connected, or is not."""

    __slots__ = ("_address", "_dial", "_reactor", "_socket", "fileno")

    def __init__(self, connecting: socket.socket, address: Address, reactor: Any, dial: Dial) -> None:
        self._socket = connecting
        self._address = address
        self._reactor = reactor
        self._dial = dial
        self.fileno = connecting.fileno
        reactor.addWriter(self)

    def doWrite(self) -> None:
        number = self._socket.connect_ex(self._address)
        if number in UNDER_WAY:
            return  # what has happened was about a socket of the same number
        self._reactor.removeWriter(self)
        if number in (0, errno.EISCONN):
            self._dial.ended(self._socket, "")
        else:
            self._socket.close()
            self._dial.ended(None, os.strerror(number))

    def connectionLost(self, reason: Failure = Failure(CONNECTION_LOST)) -> None:  # noqa: B008
        """It is refused; the reactor watches this no more."""
        self._reactor.addWriter(self)
        self.doWrite()

    def cancel(self) -> None:
        self._reactor.removeWriter(self)
        self._socket.close()

    def logPrefix(self) -> str:
        return "relay"


class _TakenOut(Protocol):
    """Takes the connection out of the reactor as soon as there is one."""

    socket: socket.socket

    def makeConnection(self, transport: ITransport) -> None:
        self.socket = taken_out(transport)


def _socket_for(target: Target) -> socket.socket:
    by_ip = socket.AF_INET6 if ":" in target.host else socket.AF_INET
    family = socket.AF_UNIX if target.path else by_ip
    return socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)


def _address_of(target: Target) -> Address:
    return target.address if target.path else (target.host, target.port)
