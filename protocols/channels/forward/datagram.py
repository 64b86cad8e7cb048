"""Passes messages on as datagrams."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import CannotListenError, MessageLengthError
from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from twisted.internet.protocol import DatagramProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.channels.forward.delivery import UnreachableError, body_of
from protocols.channels.forward.outcome import PASSED, Outcome
from protocols.channels.forward.settings import ForwardSettings
from protocols.channels.message import Message
from protocols.handlers.forward.target import Target

NOBODY = "nobody listens there"


class DatagramDelivery:
    """Sends each message to `target` as a datagram, which is all that there is to passing it on: whether it
    arrives, nobody knows.

    Where the target's machine says that nobody listens (ICMP), which it does of the datagram before, those
    that follow wait.
    """

    def __init__(self, target: Target, settings: ForwardSettings, *, reactor: Any) -> None:
        self.target = target
        self.settings = settings
        self._reactor = reactor
        self._socket: _Socket | None = None
        self._opening: Deferred[str] | None = None

    @property
    def at_a_time(self) -> int:
        """Each is gone at once."""
        return 1

    @property
    def keeps_order(self) -> bool:
        """They go out one behind the other."""
        return True

    def send(self, message: Message) -> Deferred[Outcome]:
        """Send one."""
        octets = body_of(message, self.settings)
        if self._socket is not None:
            return succeed(self._sent(octets))
        connecting: Deferred[Any] = self.connect()
        return connecting.addCallbacks(lambda _: self._sent(octets), _unreachable)

    def connect(self) -> Deferred[None]:
        """Find out the address, and have a socket."""
        self._let_go()
        opening = self._opening = _address(self.target, self._reactor, self.settings.connect)
        return opening.addCallback(self._open).addErrback(self._not_open)

    def abort(self) -> None:
        """Wait for no address."""
        if self._opening is not None:
            self._opening.cancel()

    def close(self) -> Deferred[None]:
        """Close the socket."""
        self.abort()
        self._let_go()
        return succeed(None)

    def _open(self, host: str) -> None:
        self._opening = None
        opened = _Socket()
        port = self._reactor.listenUDP(0, opened, interface="::" if ":" in host else "")
        port.connect(host, self.target.port)
        self._socket = opened

    def _not_open(self, failure: Failure) -> Failure:
        self._opening = None
        if failure.check(CancelledError):
            return Failure(UnreachableError("its address was not found in time"))
        if failure.check(OSError, CannotListenError):
            return Failure(UnreachableError(failure.getErrorMessage()))
        return failure

    def _sent(self, octets: bytes) -> Outcome:
        opened = self._socket
        assert opened is not None
        outcome = opened.send(octets)
        if outcome.kind == "unreachable":
            self._let_go()  # its name may stand for another address by now
        return outcome

    def _let_go(self) -> None:
        opened, self._socket = self._socket, None
        if opened is not None:
            opened.close()


class _Socket(DatagramProtocol):
    """A socket that is connected to the target, and so hears of ICMP."""

    noisy = False

    def __init__(self) -> None:
        self._is_refused = False

    def send(self, octets: bytes) -> Outcome:
        if not self._is_refused:
            port: Any = self.transport
            try:
                port.write(octets)
            except MessageLengthError:
                return Outcome("refused", f"{len(octets)} bytes are too many for a datagram")
            except OSError as error:
                return Outcome("unreachable", error.strerror or str(error))
        return Outcome("unreachable", NOBODY) if self._is_refused else PASSED

    def close(self) -> None:
        port: Any = self.transport
        if port is not None:
            port.stopListening()

    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        """What it answers is for nobody."""

    def connectionRefused(self) -> None:
        """Nobody is there (ICMP)."""
        self._is_refused = True


def _unreachable(failure: Failure) -> Outcome:
    failure.trap(UnreachableError)
    return Outcome("unreachable", failure.getErrorMessage())


def _address(target: Target, reactor: Any, timeout: float) -> Deferred[str]:
    """The IP address of `target`.

    Fails with :class:`UnreachableError`, or with :class:`CancelledError` after `timeout` seconds.
    """
    if target.is_address:
        return succeed(target.host)
    resolution = _Resolution()
    reactor.nameResolver.resolveHostName(resolution, target.host, target.port, transportSemantics="UDP")
    return resolution.address.addTimeout(timeout, reactor, lambda result, _: result)


@implementer(IResolutionReceiver)
class _Resolution:
    """Waits for the first address of a name."""

    def __init__(self) -> None:
        self.address: Deferred[str] = Deferred()
        self._found: list[IAddress] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:  # noqa: N802, N803 - Twisted's
        pass

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        self._found.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        if self.address.called:
            return  # nobody waits any more
        found = next((one for one in self._found if isinstance(one, IPv4Address | IPv6Address)), None)
        if found is None:
            self.address.errback(UnreachableError("the host is not known"))
        else:
            self.address.callback(found.host)
