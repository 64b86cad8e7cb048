"""How many connections a service has in all the processes that serve it."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory

from protocols.guard.front import FrontFactory
from protocols.guard.limits.tally import Elsewhere
from protocols.journal import Journal


class RoomFactory(FrontFactory):
    """Serves by `factory` while the service has fewer than `limit` connections, here and `elsewhere`.

    Elsewhere only those of sources that have limits are counted.

    :param open_connections: how many the service has here.
    """

    def __init__(
        self,
        factory: IProtocolFactory,
        elsewhere: Elsewhere,
        limit: int,
        *,
        open_connections: Callable[[], int],
        journal: Journal,
    ) -> None:
        super().__init__(factory)
        self._elsewhere = elsewhere
        self._limit = limit
        self._open = open_connections
        self._journal = journal

    def buildProtocol(  # type: ignore[override]  # nobody accepts without an address
        self, addr: IAddress
    ) -> IProtocol | None:
        if self._open() + self._elsewhere.total() >= self._limit:
            self._journal.refused(f"{self._limit} are open")
            return None
        return self.inner.buildProtocol(addr)
