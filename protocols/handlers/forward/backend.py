"""One target of several, and what is known of it."""

from __future__ import annotations

from protocols.handlers.forward.health import FALL, RISE, Health
from protocols.handlers.forward.outage import Outage
from protocols.handlers.forward.target import Target


class Backend:
    """A target as a balance sees it.

    :param tells: whether the log says when it is down and up again, as it should if that decides anything.

    .. attribute:: connections

       Those that it has now, or that are being made.
    """

    __slots__ = ("_tells", "connections", "health", "outage", "target")

    def __init__(
        self, target: Target, service: str, *, rise: int = RISE, fall: int = FALL, tells: bool = False
    ) -> None:
        self.target = target
        self.health = Health(rise, fall)
        self.outage = Outage(service, target)
        self.connections = 0
        self._tells = tells

    def failed(self, reason: str, now: float) -> None:
        """It could not be reached at `now`, in seconds."""
        self.outage.failed(reason, now)
        self._is_bad(reason)

    def succeeded(self) -> None:
        """It was reached."""
        self.outage.succeeded()
        self._is_good()

    def probed(self, reason: str | None) -> None:
        """A check has found out why it cannot be reached; ``None``: it can."""
        if reason is None:
            self._is_good()
        else:
            self._is_bad(reason)

    def revive(self) -> None:
        """Give it a chance, since nobody can find out how it is."""
        self.health.revive()

    def _is_bad(self, reason: str) -> None:
        if self.health.failed() and self._tells:
            self.outage.down(reason)

    def _is_good(self) -> None:
        if self.health.succeeded() and self._tells:
            self.outage.up()
