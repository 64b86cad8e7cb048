"""What one of several processes serves, as operators look at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from twisted.internet.defer import Deferred

from protocols.daemon.control.link import Link
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.over_link import RemoteOperations
from protocols.daemon.control.status import Outcome, ReloadStatus
from protocols.daemon.daemon import Daemon
from protocols.daemon.fairness import Reputation
from protocols.daemon.loader import Loaded
from protocols.daemon.port_service import PortService


class NoReloads:
    """The first process counts them."""

    status = ReloadStatus()


class Served:
    """`daemon`, which this process serves (:class:`~protocols.daemon.control.local.ServingProcess`); what
    concerns all of them is asked of the first, by `link`.

    :param left: closes the sockets of a service.
    """

    reloads = NoReloads()

    def __init__(self, daemon: Daemon, link: Link, left: Callable[[str], object]) -> None:
        self.started = time.time()
        self._daemon = daemon
        self._first = RemoteOperations(link)
        self._left = left

    @property
    def loaded(self) -> Loaded:
        """The configuration that is served."""
        return self._daemon.loaded

    @property
    def units(self) -> Mapping[str, PortService]:
        """The services that are served, by name."""
        return self._daemon.units

    @property
    def retiring(self) -> Sequence[PortService]:
        """What is replaced or removed, and still has connections."""
        return self._daemon.retiring

    @property
    def reputation(self) -> Reputation:
        """What all of them know of those who come."""
        return self._daemon.reputation

    def reload(self) -> Deferred[Outcome]:
        """Of all of them."""
        return self._first.reload()

    def upgrade(self) -> Deferred[Outcome]:
        """Of all of them."""
        return self._first.upgrade()

    def drain(self, name: str) -> Deferred[None]:
        """Fires when the last connection here is gone.  Raises :class:`OperationError`."""
        if name not in self._daemon.units:
            raise OperationError(f"no service {name} is served")
        gone = self._daemon.drain(name)
        self._left(name)
        return gone
