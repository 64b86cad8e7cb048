"""One member's place in a group."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from protocols.channels.store import Claim

if TYPE_CHECKING:
    from protocols.channels.groups.group import Group

ERROR: Final = 1024
"""Characters of a reason that are kept, with each message: what is wrong, and no traceback."""

LATE: Final = 4
"""So many times as many as it may have at a time are remembered of those that are its own no more: who is
late, is so with what it was handed last."""


class Member(Protocol):
    """Whoever deals with messages."""

    def claimed(self, claims: Sequence[Claim]) -> None:
        """These are its own until it says what became of them, or their deadline has passed."""

    def cut_off(self, reason: str) -> None:
        """There will be none any more: the channel is closed."""


class Membership:
    """The place of `member` in `group`.

    .. attribute:: inflight

       How many messages it has at a time, at most.
    """

    __slots__ = ("_group", "_held", "_late", "inflight", "member")

    def __init__(self, group: Group, member: Member, inflight: int) -> None:
        self.member = member
        self.inflight = inflight
        self._group = group
        self._held: dict[int, float] = {}  # until when, by seq; the next to be overdue is the first
        self._late: OrderedDict[int, None] = OrderedDict()  # its own no more, and not settled by it

    @property
    def held(self) -> int:
        """How many messages are its own."""
        return len(self._held)

    @property
    def room(self) -> int:
        """How many more it may have."""
        return self.inflight - len(self._held)

    def has(self, seq: int) -> bool:
        """Whether the message of that seq is its own, still."""
        return seq in self._held

    def settle(self, seqs: Sequence[int]) -> list[int]:
        """These are dealt with; also if their deadline has passed meanwhile.

        Those that are not its own, nor have been until lately, are left as they are, and given back: what
        another has, and what nobody was handed yet, is not for this one to settle.
        """
        held, late = self._held, self._late
        before = len(held)
        settled: list[int] = []
        strange: list[int] = []
        for seq in seqs:
            if held.pop(seq, None) is not None or seq in late:
                late.pop(seq, None)
                settled.append(seq)
            else:
                strange.append(seq)
        if settled:
            self._group.settled(self, settled, before - len(held))
        return strange

    def give_back(self, seq: int, error: str, delay: float = 0.0) -> bool:
        """This could not be dealt with, for that reason: somebody shall try again, in `delay` seconds.
        Whether it was its own, or has been until lately.

        One that is not its own any more is somebody else's by now, or soon.
        """
        if self._held.pop(seq, None) is None:
            return seq in self._late
        self._lose([seq])
        self._group.given_back(self, seq, error[:ERROR], delay)
        return True

    def bury(self, claim: Claim) -> None:
        """Nobody shall try again: `claim` says what was wrong, and how often it was tried."""
        had = self._held.pop(claim.message.seq, None) is not None
        self._group.buried(self, claim._replace(error=claim.error[:ERROR]), int(had))

    def leave(self) -> None:
        """Take no more; what was not settled goes to others at once."""
        self._group.left(self)

    # -- for the group ---------------------------------------------------------------------------------

    def hold(self, seq: int, until: float) -> bool:
        """The message of that seq is its own; whether it was not before."""
        is_new = self._held.pop(seq, None) is None
        self._held[seq] = until
        self._late.pop(seq, None)
        return is_new

    def overdue_at(self) -> float | None:
        """When the next is overdue, on the group's clock."""
        return next(iter(self._held.values()), None)

    def expire(self, now: float) -> int:
        """Those that are overdue are its own no more; how many that are."""
        overdue = []
        for seq, until in self._held.items():
            if until > now:
                break
            overdue.append(seq)
        for seq in overdue:
            del self._held[seq]
        self._lose(overdue)
        return len(overdue)

    def give_up(self) -> list[int]:
        """Nothing is its own any more; the seqs of what was."""
        held = list(self._held)
        self._held.clear()
        self._lose(held)
        return held

    def _lose(self, seqs: Sequence[int]) -> None:
        """They are its own no more."""
        late = self._late
        for seq in seqs:
            late[seq] = None
            late.move_to_end(seq)
        while len(late) > LATE * self.inflight:
            late.popitem(last=False)
