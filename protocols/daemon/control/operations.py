"""What can be asked of a daemon that runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from twisted.internet.defer import Deferred

from protocols.daemon.control.channel_operations import ChannelOperations
from protocols.daemon.control.status import (
    ConnectionStatus,
    Frame,
    Outcome,
    PenaltyStatus,
    Status,
)


class OperationError(Exception):
    """What was asked for makes no sense, such as a service that there is not; the text says why."""


class Operations(Protocol):
    """The same of one process that serves, and of the first process, which asks all its workers.

    Each method fails with :class:`OperationError` where what is asked for makes no sense.
    """

    @property
    def channels(self) -> ChannelOperations:
        """What can be asked of its channels."""

    def status(self) -> Deferred[Status]:
        """What there is, and how it is."""

    def reload(self) -> Deferred[Outcome]:
        """Read the configuration anew, and serve what it says."""

    def upgrade(self) -> Deferred[Outcome]:
        """Have the code that is installed now take over."""

    def drain(self, service: str) -> Deferred[Outcome]:
        """Listen no more for `service`, let its connections finish, and say when that is so."""

    def connections(self, service: str | None = None) -> Deferred[list[ConnectionStatus]]:
        """The open connections, of `service` or of all."""

    def kill(self, connection: str) -> Deferred[Outcome]:
        """Close the connection with that id at once."""

    def tap(self, service: str, heard: Callable[[Frame], None]) -> Callable[[], None]:
        """Tell `heard` of messages of `service` as they pass.

        :returns: what ends it.  Raises :class:`OperationError`.
        """

    def penalties(self) -> Deferred[list[PenaltyStatus]]:
        """The sources that are shut out."""

    def forgive(self, source: str) -> Deferred[Outcome]:
        """Forget what `source` has done; ``*`` for everybody."""

    def log_level(self, level: str) -> Deferred[Outcome]:
        """Log what is of `level` and above, from now on."""


Ask: TypeAlias = Callable[[], Operations]
"""Whom to ask; what is made before the daemon runs keeps this, and calls it when it is asked itself."""


def nobody() -> Operations:
    """For what is made, but does not run."""
    raise OperationError("the daemon does not run")
