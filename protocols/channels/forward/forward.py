"""Passes the messages of a channel on to a target, and goes on where it was."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.errors import ChannelError, UnavailableError
from protocols.channels.forward.backoff import Backoff
from protocols.channels.forward.counts import ForwardCounts
from protocols.channels.forward.delivery import UnreachableError
from protocols.channels.forward.outcome import Outcome
from protocols.channels.forward.settings import ForwardSettings
from protocols.channels.forward.trouble import Trouble
from protocols.channels.forward.ways import Way, delivery_to
from protocols.channels.groups import Group, GroupTerms, Membership
from protocols.channels.store import Claim
from protocols.outgoing_tls import OutgoingTLS

if TYPE_CHECKING:
    from protocols.channels.channel import Channel

log = Logger(namespace="polyport")

AHEAD: Final = 16
"""Messages that are at hand, at least, so that the store is not waited for between two of them."""

MARGIN: Final = 5.0
"""Seconds that a message may be ours longer than an attempt takes."""

REFUSALS: Final = 3
"""Messages that a target refuses for good, one after the other, before it is left alone for a while: what
refuses everything is set up in the wrong way, and is not to make dead letters of a whole channel."""

STOP: Final = 5.0
"""Seconds in which what is on its way may end when a forward is stopped; then it is broken off, and goes out
again when there is a forward again."""

IDLE: Final = 0.01
"""Seconds between two looks at whether a store that is still busy with what was asked of it has done it."""

STORE: Final = 1.0
"""Seconds until a store that does not say where a forward was is asked again."""


class Forward:
    """Passes what comes in `channel` on to `target`, each message at least once.

    One that ends `refused`, or `failed` as often as it is tried, is a dead letter.  Whenever an attempt comes
    to nothing, everything waits, in the channel, for longer and longer, so that the order stays; then
    messages go one at a time until it is seen which of them it is about.  While there is no connection, no
    message uses up its tries.  How often one was tried is known to this process only.

    It is the one member of the group ``forward:NAME``, here, and is to run in one process of a machine; where
    others share the store, they share the messages, whose order is theirs then.

    :param tls: what the target must prove; for https and TLS.
    :param dead: where dead letters go; without it they are only logged, as errors.
    :param chance: a number from 0 to 1.

    Raises :class:`ValueError` for secrets or headers that are none.
    """

    def __init__(
        self,
        channel: Channel,
        name: str,
        target: Way,
        *,
        reactor: Any,
        settings: ForwardSettings | None = None,
        tls: OutgoingTLS | None = None,
        dead: Channel | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.channel = channel
        self.name = name
        self.target = target
        self.settings = settings = settings or ForwardSettings()
        self.counts = ForwardCounts()
        self._reactor = reactor
        self._delivery = delivery_to(target, channel, settings, reactor=reactor, tls=tls)
        terms = GroupTerms(
            deadline=settings.connect + settings.deadline + MARGIN,
            tries=0,  # a message may be handed out without being tried
            inflight=max(AHEAD, self._delivery.at_a_time),
        )
        self.group = Group(channel, f"forward:{name}", terms, dead)
        self._backoff = Backoff(settings.backoff, settings.longest, chance)
        self._trouble = Trouble(f"{channel.name}: forward {name}", target)
        self._membership: Membership | None = None
        self._queue: deque[Claim] = deque()  # ours, and not on their way
        self._under_way: dict[int, Claim] = {}
        self._window = self._delivery.at_a_time
        self._tries: dict[int, int] = {}  # by seq, of those that have failed
        self._refusals = 0  # in a row
        self._put_off: list[tuple[int, str]] = []  # to be given back, and why
        self._is_pausing = False
        self._is_going_on = False
        self._pause = 0.0
        self._is_unreachable = False
        self._later: IDelayedCall | None = None
        self._asking: Deferred[Any] | None = None  # the store, or the target
        self._is_stopped = False
        self._ended: Deferred[None] | None = None

    def start(self) -> None:
        """Begin: where the group was, or where the settings say if it is new."""
        self.channel.groups[self.group.name] = self.group
        self._find_place()

    def stop(self) -> Deferred[None]:
        """Take no more, and finish what is on its way, or give it back."""
        if self._ended is not None:
            waiting: Deferred[None] = Deferred()
            self._ended.addBoth(lambda _: waiting.callback(None))
            return waiting
        self._is_stopped = self._is_pausing = True
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._asking is not None:
            self._asking.cancel()
        ended = self._ended = Deferred()
        timer = self._reactor.callLater(STOP, self._delivery.abort)

        def over(_: None) -> Deferred[None]:
            if timer.active():
                timer.cancel()
            return self._part(self._reactor.seconds() + STOP)

        ended.addCallback(over)
        if not self._under_way:
            self._leave()
        return ended

    def _part(self, end: float) -> Deferred[None]:
        """Close everything, once the store knows what was given back, or by the time `end`.

        What it has just been asked for would else be nobody's until its deadline has passed.
        """
        if not self.group.is_idle and self._reactor.seconds() < end:
            return deferLater(self._reactor, IDLE).addCallback(lambda _: self._part(end))
        self.group.close()
        if self.channel.groups.get(self.group.name) is self.group:
            del self.channel.groups[self.group.name]
        return self._delivery.close()

    # -- the group's side ------------------------------------------------------------------------------

    def claimed(self, claims: Sequence[Claim]) -> None:
        """These are to be passed on."""
        key, unwanted = self.settings.key, []
        known = {claim.message.seq for claim in self._queue} | self._under_way.keys()
        for claim in claims:
            message = claim.message
            if key and message.key != key:
                unwanted.append(message.seq)
            elif message.seq not in known:  # else it has taken longer than anybody thought
                self._queue.append(claim)
        if unwanted and self._membership is not None:
            self._membership.settle(unwanted)
        self._go_on()

    def cut_off(self, reason: str) -> None:
        """The channel is closed, or something of ours went wrong, which was logged."""
        self._membership = None
        self._queue.clear()
        if not self._is_stopped and self._later is None:
            self._later = self._reactor.callLater(self._backoff.next(), self._join)

    # -- beginning -------------------------------------------------------------------------------------

    def _find_place(self) -> None:
        self._later = None
        asking = self._asking = Deferred.fromCoroutine(self._place())
        asking.addCallbacks(self._begin, self._no_place).addErrback(self._broken)

    async def _place(self) -> float:
        """See to it that the group is where it is to go on; the seconds until it should."""
        store, name = self.channel.store, self.group.name
        extent = await store.group(name)
        if extent.is_new:
            await store.rewind(name, await self.channel.position(self.settings.since))
        elif extent.claimed and self._delivery.keeps_order:
            due = await store.due(name)
            if due:
                # A process that died had some, which come before all others once their deadlines have passed.
                return max(due, self.group.terms.deadline)
        return 0.0

    def _begin(self, seconds: float) -> None:
        self._asking = None
        if not self._is_stopped:
            self._later = self._reactor.callLater(seconds, self._join)

    def _no_place(self, failure: Failure) -> None:
        self._asking = None
        if not self._is_stopped:
            failure.trap(ChannelError)
            self._later = self._reactor.callLater(STORE, self._find_place)

    def _broken(self, failure: Failure) -> None:
        log.failure(
            "{channel}: the forward {name} cannot go on",
            failure,
            channel=self.channel.name,
            name=self.name,
        )

    def _join(self) -> None:
        self._later = None
        self._is_pausing = self._is_unreachable = False
        try:
            self._membership = self.group.join(self)
        except UnavailableError:
            return  # the channel is closed

    # -- passing on ------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Send what may be sent."""
        if self._is_going_on:
            return  # one that ended at once
        self._is_going_on = True
        try:
            while self._queue and not self._is_pausing and len(self._under_way) < self._window:
                claim = self._queue.popleft()
                self._under_way[claim.message.seq] = claim
                sending = self._delivery.send(claim.message)
                sending.addErrback(self._not_sent).addCallback(self._over, claim)
                sending.addErrback(self._broken)
        finally:
            self._is_going_on = False

    def _not_sent(self, failure: Failure) -> Outcome:
        self._broken(failure)
        return Outcome("failed", "something went wrong here, which was logged")

    def _over(self, outcome: Outcome, claim: Claim) -> None:
        """This has become of one."""
        del self._under_way[claim.message.seq]
        if outcome.kind == "passed":
            self._passed(claim)
        else:
            self.counts.failed += 1
            self.counts.error = outcome.error
            if outcome.kind == "refused":
                self._refused(claim, outcome)
            else:
                self._failed(claim, outcome)
        if not self._is_pausing:
            self._go_on()
        elif not self._under_way:
            self._leave()

    def _passed(self, claim: Claim) -> None:
        seq = claim.message.seq
        self._tries.pop(seq, None)
        if self._membership is not None:
            self._membership.settle([seq])
        self.counts.delivered += 1
        self.counts.failing_since = None
        self._trouble.over(self._reactor.seconds())
        self._refusals = 0
        self._window = min(self._window + 1, self._delivery.at_a_time)
        if not self._is_pausing:
            self._backoff.reset()

    def _refused(self, claim: Claim, outcome: Outcome) -> None:
        self._give_up(claim, outcome.error, self._tries.get(claim.message.seq, 0) + 1)
        self._refusals += 1
        if self._refusals >= REFUSALS:
            self._note_trouble(outcome.error)
            self._wait(outcome)

    def _failed(self, claim: Claim, outcome: Outcome) -> None:
        self._note_trouble(outcome.error)
        self._window = 1
        seq = claim.message.seq
        tries = self._tries.get(seq, 0)
        if outcome.kind == "failed":
            tries = self._tries[seq] = tries + 1
        if outcome.kind == "failed" and 0 < self.settings.tries <= tries:
            self._give_up(claim, outcome.error, tries)
        else:
            self.counts.retried += 1
            self._put_off.append((seq, outcome.error))
        self._wait(outcome)

    def _give_up(self, claim: Claim, error: str, tries: int) -> None:
        self._tries.pop(claim.message.seq, None)
        if self._membership is not None:
            self.counts.dead += 1
            self._membership.bury(Claim(claim.message, tries, error))

    def _note_trouble(self, error: str) -> None:
        self.counts.error = error
        if self.counts.failing_since is None:
            self.counts.failing_since = self.channel.now()
        self._trouble.failed(error, self._reactor.seconds())

    # -- waiting ---------------------------------------------------------------------------------------

    def _wait(self, outcome: Outcome) -> None:
        """Send nothing more for a while: as soon as nothing is on its way, everything is given back."""
        if not self._is_pausing:
            self._is_pausing = True
            self._pause = self._backoff.next()
        self._pause = max(self._pause, outcome.wait)
        self._is_unreachable |= outcome.kind == "unreachable"

    def _leave(self) -> None:
        """Nothing is on its way: let others have what there is, until it is our turn again."""
        put_off, self._put_off = self._put_off, []
        self._queue.clear()
        membership, self._membership = self._membership, None
        if membership is not None:
            for seq, error in put_off:
                membership.give_back(seq, error)
            membership.leave()
        if self._is_stopped:
            ended, self._ended = self._ended, None
            if ended is not None:
                ended.callback(None)
        elif self._later is None:
            self._later = self._reactor.callLater(self._pause, self._again)

    def _again(self) -> None:
        """Find out whether there is any sense in going on, without a message if that can be."""
        self._later = None
        if not self._is_unreachable:
            self._join()
            return
        self._asking = asking = self._delivery.connect()
        asking.addCallbacks(self._reachable, self._not_reachable).addErrback(self._broken)

    def _reachable(self, _: None) -> None:
        self._asking = None
        if not self._is_stopped:
            self._join()

    def _not_reachable(self, failure: Failure) -> None:
        self._asking = None
        if not self._is_stopped:
            failure.trap(UnreachableError)
            self.counts.failed += 1
            self._note_trouble(failure.getErrorMessage())
            self._later = self._reactor.callLater(self._backoff.next(), self._again)
