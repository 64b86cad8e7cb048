"""One sender of datagrams, as the target sees it: a socket."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import CannotListenError, MessageLengthError
from twisted.internet.interfaces import IAddress, IDelayedCall, IHostResolution, IResolutionReceiver
from twisted.internet.protocol import DatagramProtocol
from zope.interface import implementer

from protocols.handlers.forward.backend import Backend
from protocols.session import Connection

if TYPE_CHECKING:
    from protocols.handlers.forward.datagrams import DatagramForward

HELD: Final = 16
"""Datagrams of one sender that wait until the target's name is resolved; who sends more sees loss."""

LARGEST: Final = 65_536
"""Bytes read at a time: more than any datagram has."""


@implementer(IResolutionReceiver)
class Sender(DatagramProtocol):
    """Sends to the target for one sender, and what comes back to that one.

    Raises :class:`OSError` or :class:`CannotListenError` if there is no socket to be had.
    """

    noisy = False

    def __init__(self, forward: DatagramForward, backend: Backend, key: tuple[str, str, int]) -> None:
        self._forward = forward
        self._backend = backend
        self._key = key
        self._connection: Connection | None = None
        self._held: list[bytes] = []
        self._port: Any = None
        self._timer: IDelayedCall | None = None
        self._resolved: list[IAddress] = []
        self._is_closed = False
        target = backend.target
        if target.path:
            # A name of our own, or nobody could reply.
            here = f"\0polyport-{token_hex(8)}"
            self._port = forward.reactor.listenUNIXDatagram(here, self, LARGEST)
        elif target.is_address:
            self._open(target.host)
        else:
            forward.reactor.nameResolver.resolveHostName(
                self, target.host, target.port, transportSemantics="UDP"
            )
        backend.connections += 1

    def send(self, connection: Connection, message: bytes) -> None:
        """Send `message`; replies go to `connection` from now on."""
        before, self._connection = self._connection, connection
        if before is not None:
            before.close()
        self._wait()
        if self._port is not None:
            self._write(message)
        elif len(self._held) < HELD:
            self._held.append(message)

    def close(self) -> None:
        """Wait for no more replies."""
        if not self._is_closed:
            self._is_closed = True
            self._backend.connections -= 1
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._forward.forget(self._key)
        port, self._port = self._port, None
        if port is not None:
            port.stopListening()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -- the target's side ---------------------------------------------------------------------------

    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        self._backend.succeeded()
        self._wait()
        if self._connection is not None:
            try:
                self._connection.send(datagram)
            except ValueError as error:  # longer than the client's kind of socket carries
                self._connection.fail(error)

    def connectionRefused(self) -> None:
        """Nobody is there (ICMP)."""
        self._fail("connection refused")

    # -- the resolver's side (IResolutionReceiver) ---------------------------------------------------

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:  # noqa: N802, N803 - Twisted's
        pass

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        self._resolved.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        if self._connection is None:
            return  # it took longer than anybody waits
        address = next((one for one in self._resolved if isinstance(one, IPv4Address | IPv6Address)), None)
        if address is None:
            self._fail(f"the host {self._backend.target.host} is not known")
            self.close()
            return
        try:
            self._open(address.host)
        except (OSError, CannotListenError) as error:
            self._fail(str(error))
            self.close()
            return
        held, self._held = self._held, []
        for message in held:
            self._write(message)

    # ------------------------------------------------------------------------------------------------

    def _open(self, host: str) -> None:
        # A socket that is connected hears of nobody else, and of ICMP.
        self._port = self._forward.reactor.listenUDP(
            0, self, interface="::" if ":" in host else "", maxPacketSize=LARGEST
        )
        self._port.connect(host, self._backend.target.port)

    def _write(self, message: bytes) -> None:
        target = self._backend.target
        try:
            if target.path:
                # Not by write(), to which it is all the same whether somebody is there.
                self._port.socket.sendto(message, target.address)
            else:
                self._port.write(message)
        except BlockingIOError:
            pass  # it does not keep up, and datagrams may be lost
        except (OSError, MessageLengthError) as error:
            self._fail(getattr(error, "strerror", None) or str(error))

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self._forward.clock.callLater(self._forward.replies, self.close)
        else:
            self._timer.reset(self._forward.replies)

    def _fail(self, reason: str) -> None:
        self._forward.failed(self._backend, reason)
