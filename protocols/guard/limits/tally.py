"""Who keeps count of what sources have and take: this process alone, or several together."""

from __future__ import annotations

from typing import Final, Protocol

from protocols.guard.limits.acquaintances import Acquaintances
from protocols.guard.limits.penalties import Penalties
from protocols.token_buckets import Buckets, TokenBuckets


class Elsewhere(Protocol):
    """The connections of one service in other processes."""

    def of(self, source: str) -> int:
        """How many `source` has there."""

    def total(self) -> int:
        """How many all sources have there."""

    def count(self, source: str, change: int) -> None:
        """`source` has so many more here."""


class Tally(Protocol):
    """Keeps count for one service."""

    @property
    def elsewhere(self) -> Elsewhere | None:
        """``None``: there are no other processes."""

    def buckets(self, limit: str, rate: float, burst: int) -> Buckets:
        """`rate` tokens a second, and up to `burst` at once, for the limit of that name."""


class Tallies(Protocol):
    """Keeps count for the daemon."""

    def of(self, service: str) -> Tally:
        """For one service."""

    def penalties(self) -> Penalties:
        """What sources have brought upon themselves."""

    def acquaintances(self) -> Acquaintances:
        """Who has shown that their addresses are their own."""


class OwnTally:
    """There is but this process."""

    elsewhere = None

    def buckets(self, limit: str, rate: float, burst: int) -> Buckets:
        """A set of its own each time (Tally)."""
        return TokenBuckets(rate, burst)

    def of(self, service: str) -> Tally:
        """This, which keeps nothing (Tallies)."""
        return self

    def penalties(self) -> Penalties:
        """None yet (Tallies)."""
        return Penalties()

    def acquaintances(self) -> Acquaintances:
        """None yet (Tallies)."""
        return Acquaintances()


ALONE: Final = OwnTally()


def second_of(rate: float) -> int:
    """The tokens that come in a second, of which there is at least one."""
    return max(1, int(rate))
