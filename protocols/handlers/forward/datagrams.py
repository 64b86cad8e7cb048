"""Passes datagrams on to a target, and what that says back to whom it was said."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTime

from protocols.handlers.forward.outage import Outage
from protocols.handlers.forward.sender import Sender
from protocols.handlers.forward.target import Target
from protocols.handlers.quiet_session import QuietSession
from protocols.session import Connection

REPLIES: Final = 10.0
"""Seconds without a datagram either way after which a sender is forgotten: the replies of most protocols over
UDP take less than one, and who is forgotten and sends again is only seen from another port."""

SENDERS: Final = 256
"""Senders that are remembered at a time, each of which has a socket of its own: below the 1024 descriptors a
process commonly may open.  More are dropped."""


class DatagramForward:
    """Passes datagrams on to `target`, each sender's from a socket of its own, so that replies find back.

    :param reactor: opens sockets, and keeps the time.
    :param service: what the log calls the service.
    :param replies: how long replies are waited for, in seconds.
    """

    def __init__(
        self,
        target: Target,
        *,
        reactor: Any,
        service: str,
        replies: float = REPLIES,
        senders: int = SENDERS,
    ) -> None:
        self.target = target
        self.reactor = reactor
        self.replies = replies
        self.outage = Outage(service, target)
        self._limit = senders
        self._senders: dict[tuple[str, str, int], Sender] = {}

    @property
    def clock(self) -> IReactorTime:
        clock: IReactorTime = self.reactor
        return clock

    def open(self, connection: Connection) -> DatagramSession:
        return DatagramSession(self, connection)

    def pass_on(self, connection: Connection, message: bytes) -> bool:
        """Send `message` to the target; whether it was, and `connection` is kept for what comes back."""
        peer = connection.peer
        key = (peer.transport, peer.host, peer.port)
        sender = self._senders.get(key)
        if sender is None:
            if len(self._senders) >= self._limit:
                self.outage.failed(f"{self._limit} senders wait for replies", self.clock.seconds())
                return False
            try:
                sender = Sender(self, key)
            except (OSError, CannotListenError) as error:
                self.outage.failed(str(error), self.clock.seconds())
                return False
            self._senders[key] = sender
        sender.send(connection, message)
        return True

    def forget(self, key: tuple[str, str, int]) -> None:
        """A sender has heard the last."""
        self._senders.pop(key, None)

    def stop(self) -> None:
        """Wait for no more replies."""
        for sender in list(self._senders.values()):
            sender.close()


class DatagramSession(QuietSession):
    """One datagram."""

    def __init__(self, forward: DatagramForward, connection: Connection) -> None:
        super().__init__(connection)
        self._forward = forward

    @property
    def busy(self) -> bool:
        return True

    def received(self, message: bytes) -> None:
        if self._forward.pass_on(self.connection, message):
            self.connection.pause()  # it is not over
