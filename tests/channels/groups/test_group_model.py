"""Whatever the members of a group do, each message is dealt with, and nobody has what another has."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from twisted.internet.defer import fail
from twisted.internet.task import Clock

from protocols.channels.channel import Channel
from protocols.channels.errors import UnavailableError
from protocols.channels.groups import Group, GroupTerms
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.message import Entry

ONE = st.integers(0, 999)
DEADLINE = 7.0


class Unreliable(MemoryStore):
    """A store in memory that does nothing for groups, and takes nothing, while it is away."""

    is_away = False

    def __getattribute__(self, name):
        if name in ("claim", "settle", "give_back", "due", "append") and self.is_away:
            if name == "append":
                raise UnavailableError("it is away")
            return lambda *_: fail(UnavailableError("it is away"))
        return super().__getattribute__(name)


class Worker:
    def __init__(self, machine, is_eager):
        self.machine = machine
        self.is_eager = is_eager
        self.mine = {}

    def claimed(self, claims):
        for claim in claims:
            seq = claim.message.seq
            self.machine.handed_out[seq] += 1
            if seq in self.machine.settled or self.membership.held > self.membership.inflight:
                self.machine.wrong.append(claim)
            self.mine[seq] = claim
        if self.is_eager:
            self.settle()

    def settle(self):
        # Who is later still than a member may be is told that they are not its own.
        self.machine.settled |= set(self.mine) - set(self.membership.settle(list(self.mine)))
        self.mine.clear()

    def cut_off(self, reason):
        self.machine.wrong.append(reason)


class GroupMachine(RuleBasedStateMachine):
    @initialize(tries=st.sampled_from([0, 2, 3]))
    def begin(self, tries):
        self.clock = Clock()
        self.clock.advance(1_700_000_000.0)
        self.store, self.channel = self.made("readings")
        self.dead_store, self.dead = self.made("readings-dead")
        terms = GroupTerms(deadline=DEADLINE, tries=tries, inflight=2)
        self.group = Group(self.channel, "billing", terms, self.dead)
        self.tries = tries
        self.members = []
        self.settled = set()
        self.handed_out = Counter()
        self.wrong = []  # what is settled is never handed out again, and nobody gets too much

    def made(self, name):
        store = Unreliable(MemoryLog(), now=self.clock.seconds)
        channel = Channel(name, store, clock=self.clock, now=self.clock.seconds)
        channel.open()
        return store, channel

    @precondition(lambda self: not self.store.is_away)
    @rule(number=st.integers(1, 4))
    def publish(self, number):
        self.channel.publish([Entry(b"")] * number)

    @rule(inflight=st.integers(0, 3), is_eager=st.booleans())
    def join(self, inflight, is_eager=True):
        worker = Worker(self, is_eager)
        worker.membership = self.group.join(worker, inflight)
        self.members.append(worker)

    @precondition(lambda self: self.members)
    @rule(number=ONE)
    def leave(self, number):
        self.members.pop(number % len(self.members)).membership.leave()

    @precondition(lambda self: any(one.mine for one in self.members))
    @rule(number=ONE)
    def settle(self, number):
        some = [one for one in self.members if one.mine]
        some[number % len(some)].settle()

    @precondition(lambda self: any(one.mine for one in self.members))
    @rule(number=ONE, delay=st.sampled_from([0.0, 0.0, 3.0, 20.0]))
    def give_back(self, number, delay):
        some = [one for one in self.members if one.mine]
        worker = some[number % len(some)]
        seq, _ = worker.mine.popitem()
        worker.membership.give_back(seq, "no", delay)

    @rule(seconds=st.sampled_from([0.0, 0.0, 1.0, 5.0, DEADLINE]))
    def pass_time(self, seconds):
        self.clock.pump([seconds, 0, 0, 0])

    @rule(which=st.sampled_from(["store", "dead_store"]))
    def goes_or_comes_back(self, which):
        store = getattr(self, which)
        store.is_away = not store.is_away

    @invariant()
    def nobody_has_what_another_has(self):
        if hasattr(self, "members"):
            assert self.wrong == []
            now = self.clock.seconds()
            held = Counter(
                seq
                for one in self.members
                for seq, until in one.membership._held.items()
                if until > now and not one.is_eager
            )
            assert all(count == 1 for count in held.values())
            if self.tries:
                assert all(count <= self.tries for count in self.handed_out.values())

    def teardown(self):
        """Everything is back, and somebody deals with the rest."""
        if not hasattr(self, "members"):
            return
        self.store.is_away = self.dead_store.is_away = False
        for worker in self.members:
            worker.is_eager = True
            worker.settle()
        self.join(3)
        for _ in range(30):
            self.pass_time(5.0)
        assert self.store.group("billing").result[:2] == (self.channel.last, 0)
        assert self.wrong == []
        letters = self.dead.tail.after(0, 10**6)
        dead = {int(dict(letter.headers)["seq"]) for letter in letters}
        assert len(dead) == len(letters), "each is there once"
        everything = set(range(1, self.channel.last + 1))
        assert dead | self.settled == everything
        assert self.channel.counts.acked + self.channel.counts.dead == self.channel.last
        assert self.channel.counts.dead == len(dead)
        for worker in self.members:
            worker.membership.leave()
        self.channel.close()
        self.dead.close()
        assert self.clock.calls == []


TestGroup = GroupMachine.TestCase
TestGroup.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
