"""Messages shared by the members of a group."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from protocols.channels.channel import Channel
from protocols.channels.errors import UnavailableError
from protocols.channels.groups import Group, GroupTerms
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.message import Entry

EPOCH = 1_700_000_000.0


class Flaky(MemoryStore):
    """A store that is away while it is told to."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.is_away = False
        self.claims = 0
        self.settles = []
        self.held_up: Deferred | None = None

    def claim(self, group, most, deadline):
        self.claims += 1
        if self.is_away:
            return fail(UnavailableError("it is away"))
        claims = super().claim(group, most, deadline)
        if self.held_up is not None:
            return self.held_up.addCallback(lambda _: claims)
        return claims

    def settle(self, group, seqs):
        if self.is_away:
            return fail(UnavailableError("it is away"))
        self.settles.append(list(seqs))
        return super().settle(group, seqs)

    def give_back(self, group, seq, error, delay):
        if self.is_away:
            return fail(UnavailableError("it is away"))
        return super().give_back(group, seq, error, delay)

    def due(self, group):
        return fail(UnavailableError("it is away")) if self.is_away else super().due(group)


class Worker:
    """A member that keeps what it gets."""

    def __init__(self):
        self.claims = []
        self.reason = None
        self.membership = None

    @property
    def seqs(self):
        return [claim.message.seq for claim in self.claims]

    def claimed(self, claims):
        self.claims += claims

    def cut_off(self, reason):
        self.reason = reason


class Eager(Worker):
    """One that settles at once."""

    def claimed(self, claims):
        super().claimed(claims)
        self.membership.settle([claim.message.seq for claim in claims])


class Bench:
    def __init__(self, dead=True, **terms):
        self.clock = Clock()
        self.clock.advance(EPOCH)
        self.log = MemoryLog()
        self.channel, self.store = self.made("readings", self.log)
        self.dead, self.dead_store = self.made("readings-dead", MemoryLog())
        self.dead_letters = self.dead.tail
        self.group = Group(self.channel, "billing", GroupTerms(**terms), self.dead if dead else None)
        self.channel.groups["billing"] = self.group

    def made(self, name, log):
        store = Flaky(log, now=self.clock.seconds)
        channel = Channel(name, store, clock=self.clock, now=self.clock.seconds)
        channel.open()
        return channel, store

    def publish(self, count=1):
        self.channel.publish([Entry(b"%d" % number) for number in range(count)])

    def join(self, inflight=0, kind=Worker):
        worker = kind()
        worker.membership = self.group.join(worker, inflight)
        return worker

    def turn(self, seconds=0.0):
        """Let time pass, and whatever follows at once happen."""
        self.clock.advance(seconds)
        for _ in range(5):
            self.clock.advance(0)

    def dead_ones(self):
        return self.dead.tail.after(0, 100)


def test_members_share_what_was_there_before_and_what_comes():
    bench = Bench()
    bench.publish(4)
    one, two = bench.join(), bench.join()
    bench.turn()
    assert (one.seqs, two.seqs) == ([1, 3], [2, 4])
    bench.publish(2)
    bench.turn()
    assert sorted(one.seqs + two.seqs) == [1, 2, 3, 4, 5, 6]
    assert (len(one.seqs), len(two.seqs)) == (3, 3)
