"""A group of a channel, and its members in this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.errors import UnavailableError
from protocols.channels.groups.dead_letters import DeadLetters
from protocols.channels.groups.ledger import FIRST, LONGEST, Ledger
from protocols.channels.groups.membership import Member, Membership
from protocols.channels.groups.terms import GroupTerms
from protocols.channels.store import READ_MESSAGES, Claim

if TYPE_CHECKING:
    from protocols.channels.channel import Channel

log = Logger(namespace="polyport")

LOOKS: Final = 5.0
"""Seconds after which the store is asked in any case: what members in other processes give back, nobody tells
us of."""

BREATH: Final = 0.01
"""Seconds between two looks at a store for what is due: its clock may be a little behind ours."""

LEFT: Final = "its member left"
CLOSED: Final = "the channel is closed"


class Group:
    """Hands out the messages of `channel` to whoever joins, each to one member at a time.

    What was handed out ``terms.tries`` times in vain is published in `dead`, with the last error and where
    it comes from in its headers, settled, counted and logged as a warning; without `dead`, as an error.

    Messages are asked for when somebody has room for them, and some have come or are due; one claim is under
    way at a time.
    """

    def __init__(self, channel: Channel, name: str, terms: GroupTerms, dead: Channel | None = None) -> None:
        self.channel = channel
        self.name = name
        self.terms = terms
        self.dead = dead
        self._members: dict[Membership, None] = {}
        self._ready: OrderedDict[Membership, None] = OrderedDict()  # with room, in turn
        self._room = 0  # messages that all of those have room for
        self._ledger = Ledger(channel, name, self._returned)
        self._dead_letters = DeadLetters(self, self._ledger)
        self._expects = False  # there may be something to hand out
        self._wonders = True  # when the next is due
        self._is_claiming = False
        self._is_closed = False
        self._soon: IDelayedCall | None = None
        self._look: IDelayedCall | None = None
        self._patience = 0.0  # so long is the store left alone after it has failed

    @property
    def members(self) -> int:
        """How many take part here."""
        return len(self._members)

    @property
    def held(self) -> int:
        """How many messages they have."""
        return sum(membership.held for membership in self._members)

    @property
    def is_idle(self) -> bool:
        """Whether nothing of it is under way between here and the store."""
        return not (self._is_claiming or self._ledger.is_busy)

    def join(self, member: Member, inflight: int = 0) -> Membership:
        """Take part; `inflight` messages at a time, as many as the terms say if 0.

        Raises :class:`~protocols.channels.errors.UnavailableError` once the group is closed.
        """
        if self._is_closed:
            raise UnavailableError(CLOSED)
        membership = Membership(self, member, inflight or self.terms.inflight)
        self._members[membership] = None
        self.channel.on_news.add(self._heard)
        self._has_room(membership, membership.inflight)
        self._heard()
        return membership

    def close(self) -> None:
        """Nobody takes part any more; what they have not settled is given back."""
        if self._is_closed:
            return
        self._is_closed = True
        members = list(self._members)
        for membership in members:
            self._let_go(membership, CLOSED)
        self._ledger.close()
        for membership in members:
            self._cut_off(membership, CLOSED)

    # -- for memberships -------------------------------------------------------------------------------

    def settled(self, membership: Membership, seqs: Sequence[int], count: int) -> None:
        """It has dealt with them, `count` of which were its own."""
        self._ledger.settle(seqs)
        self._has_room(membership, count)

    def given_back(self, membership: Membership, seq: int, error: str, delay: float) -> None:
        """It could not deal with one of its own."""
        self._ledger.give_back(seq, error, delay)
        self._has_room(membership, 1)

    def buried(self, membership: Membership, claim: Claim, count: int) -> None:
        """It says that nobody can deal with it; `count` is 1 if it was its own."""
        self._dead_letters.bury(claim)
        self._has_room(membership, count)

    def left(self, membership: Membership) -> None:
        """It takes no more."""
        if membership in self._members:
            self._let_go(membership, LEFT)

    def failed(self, failure: Failure) -> None:
        """Something of ours went wrong."""
        log.failure(
            "{channel}: the group {group} could not go on",
            failure=failure,
            channel=self.channel.name,
            group=self.name,
        )

    def _let_go(self, membership: Membership, reason: str) -> None:
        del self._members[membership]
        if membership in self._ready:
            del self._ready[membership]
            self._room -= membership.room
        for seq in membership.give_up():
            self._ledger.give_back(seq, reason, 0.0)
        if not self._members:
            self.channel.on_news.discard(self._heard)
            for call in (self._soon, self._look):
                if call is not None:
                    call.cancel()
            self._soon = self._look = None

    def _has_room(self, membership: Membership, count: int) -> None:
        """It has room for so many more than before."""
        if count and membership in self._members:
            self._room += count
            self._ready[membership] = None
            if self._expects:
                self._claim_soon()

    # -- when to ask the store -------------------------------------------------------------------------

    def _heard(self) -> None:
        """Something has come, or is due."""
        self._expects = True
        if self._ready:
            self._claim_soon()

    def _returned(self, delay: float) -> None:
        """The store has one again, which is to be handed out then."""
        if delay:
            self._look_in(delay)
        else:
            self._heard()

    def _claim_soon(self) -> None:
        if self._soon is None and not self._is_claiming and self._members:
            self._soon = self.channel.clock.callLater(self._patience, self._claim)

    def _look_in(self, seconds: float) -> None:
        """Have a look at the store by then."""
        if not self._members:
            return
        seconds = max(BREATH, min(seconds, LOOKS, self.terms.deadline))
        if self._look is None:
            self._look = self.channel.clock.callLater(seconds, self._look_now)
        elif self._look.getTime() > self.channel.clock.seconds() + seconds:
            self._look.reset(seconds)

    def _look_now(self) -> None:
        self._look = None
        self._wonders = True
        now = self.channel.clock.seconds()
        for membership in self._members:
            self._has_room(membership, membership.expire(now))
        self._heard()
        if not self._ready:
            times = [membership.overdue_at() for membership in self._members]
            self._look_in(min(time for time in times if time is not None) - now)

    # -- handing out -----------------------------------------------------------------------------------

    def _claim(self) -> None:
        self._soon = None
        if not self._ready:
            return
        self._is_claiming = True
        self._expects = False
        most = min(self._room, READ_MESSAGES)
        until = self.channel.clock.seconds() + self.terms.deadline
        claiming = self.channel.store.claim(self.name, most, self.terms.deadline)
        claiming.addCallbacks(self._claimed, self._not_claimed, callbackArgs=(most, until))
        claiming.addErrback(self._broken)

    def _claimed(self, claims: Sequence[Claim], most: int, until: float) -> None:
        self._is_claiming = False
        self._patience = 0.0
        if claims:
            if len(claims) >= most or claims[-1].message.seq < self.channel.last:
                self._expects = True  # else all that was there is handed out
            self._look_in(self.terms.deadline)
            self._deal(claims, until)
        if self._expects:
            if self._ready:
                self._claim_soon()
        elif self._wonders and self._members:
            self._wonders = False
            due = self.channel.store.due(self.name)
            due.addCallbacks(self._due, self._not_due).addErrback(self.failed)

    def _due(self, seconds: float | None) -> None:
        """So long until one that somebody has is due again."""
        self._look_in(LOOKS if seconds is None else seconds)

    def _not_due(self, failure: Failure) -> None:
        self._look_in(LOOKS)
        failure.trap(UnavailableError)

    def _not_claimed(self, failure: Failure) -> None:
        failure.trap(UnavailableError)
        self._try_again()

    def _broken(self, failure: Failure) -> None:
        self.failed(failure)
        self._try_again()

    def _try_again(self) -> None:
        self._is_claiming = False
        self._patience = min(max(FIRST, 2 * self._patience), LONGEST)
        self._heard()

    def _deal(self, claims: Sequence[Claim], until: float) -> None:
        """Each of `claims` goes to the next who has room."""
        hands: dict[Membership, list[Claim]] = {}
        tries = self.terms.tries
        for claim in claims:
            seq = claim.message.seq
            if seq in self._ledger:
                continue  # the store will hear that it is dealt with
            if tries and claim.tries > tries:
                self._dead_letters.bury(claim)
            elif self._ready:
                membership, _ = self._ready.popitem(last=False)
                self._ledger.handed_out(seq)
                if membership.hold(seq, until):
                    self._room -= 1
                if membership.room:
                    self._ready[membership] = None
                hands.setdefault(membership, []).append(claim)
                self.channel.counts.redelivered += claim.tries > 1
            else:
                # Whoever had room has left meanwhile.
                self._ledger.give_back(seq, claim.error, 0.0)
        for membership, hand in hands.items():
            self._give(membership, hand)

    def _give(self, membership: Membership, hand: list[Claim]) -> None:
        if membership not in self._members:
            return  # somebody else has seen to it that it left
        try:
            membership.member.claimed(hand)
        except BaseException:  # noqa: BLE001 - what one raises must not keep the others from their messages
            self.failed(Failure())
            self.left(membership)
            self._cut_off(membership, "it failed")

    def _cut_off(self, membership: Membership, reason: str) -> None:
        try:
            membership.member.cut_off(reason)
        except BaseException:  # noqa: BLE001 - nor may it keep the others from hearing theirs
            self.failed(Failure())
