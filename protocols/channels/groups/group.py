"""A group of a channel, and its members in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from protocols.channels.groups.terms import GroupTerms
from protocols.channels.store import Claim

if TYPE_CHECKING:
    from protocols.channels.channel import Channel


class Member(Protocol):
    """Whoever deals with messages."""

    def claimed(self, claims: Sequence[Claim]) -> None:
        """These are its own until it says what became of them, or their deadline has passed."""

    def cut_off(self, reason: str) -> None:
        """There will be none any more: the channel is closed."""


class Membership:
    """One member's place in a group."""

    def settle(self, seqs: Sequence[int]) -> None:
        """These are dealt with."""
        raise NotImplementedError

    def give_back(self, seq: int, error: str, delay: float = 0.0) -> None:
        """This could not be dealt with, for that reason: somebody shall try again, in `delay` seconds."""
        raise NotImplementedError

    def leave(self) -> None:
        """Take no more; what was not settled goes to others at once."""
        raise NotImplementedError


class Group:
    """Hands out the messages of `channel` to whoever joins, each to one member at a time.

    What was handed out more than ``terms.tries`` times is published in `dead`, with the last error and where
    it comes from in its headers, and settled; without `dead` it is settled, counted and logged.
    """

    def __init__(self, channel: Channel, name: str, terms: GroupTerms, dead: Channel | None = None) -> None:
        self.channel = channel
        self.name = name
        self.terms = terms
        self.dead = dead

    def join(self, member: Member, inflight: int = 0) -> Membership:
        """Take part; `inflight` messages at a time, as many as the terms say if 0."""
        raise NotImplementedError

    def close(self) -> None:
        """Nobody takes part any more."""
