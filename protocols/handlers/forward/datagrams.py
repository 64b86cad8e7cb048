"""Passes datagrams on to a target, and what that says back to whom it was said."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from protocols.handlers.forward.backend import Backend
from protocols.handlers.forward.balance import Balance
from protocols.handlers.forward.sender import Sender
from protocols.handlers.quiet_session import QuietSession
from protocols.session import Connection

REPLIES: Final = 10.0
"""Seconds without a datagram either way after which a sender is forgotten: the replies of most protocols over
UDP take less than one, and who is forgotten and sends again is only seen from another port."""

SENDERS: Final = 256
"""Senders that are remembered at a time, each of which has a socket of its own: below the 1024 descriptors a
process commonly may open.  More are dropped."""


REST: Final = 10.0
"""Seconds after which a target that has refused datagrams gets some again: nobody can ask it before."""


class DatagramForward:
    """Passes datagrams on to the targets of `balance`, each sender's to one of them and from a socket of its
    own, so that replies find back.

    :param reactor: opens sockets, and keeps the time.
    :param replies: how long replies are waited for, in seconds.
    """

    def __init__(
        self,
        balance: Balance,
        *,
        reactor: Any,
        replies: float = REPLIES,
        senders: int = SENDERS,
    ) -> None:
        self.balance = balance
        self.reactor = reactor
        self.replies = replies
        self._resting: dict[Backend, IDelayedCall] = {}
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
            backend = self.balance.choose()
            assert backend is not None
            now = self.clock.seconds()
            if len(self._senders) >= self._limit:
                backend.outage.failed(f"{self._limit} senders wait for replies", now)
                return False
            try:
                sender = Sender(self, backend, key)
            except (OSError, CannotListenError) as error:
                backend.outage.failed(str(error), now)
                return False
            self._senders[key] = sender
        sender.send(connection, message)
        return True

    def forget(self, key: tuple[str, str, int]) -> None:
        """A sender has heard the last."""
        self._senders.pop(key, None)

    def failed(self, backend: Backend, reason: str) -> None:
        """`backend` does not take datagrams: after some of these it gets none of new senders for a while."""
        backend.failed(reason, self.clock.seconds())
        if not backend.health.is_up and backend not in self._resting:
            self._resting[backend] = self.clock.callLater(REST, self._rested, backend)

    def _rested(self, backend: Backend) -> None:
        del self._resting[backend]
        backend.revive()

    def stop(self) -> None:
        """Wait for no more replies."""
        for timer in self._resting.values():
            timer.cancel()
        self._resting.clear()
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
