"""Whatever happens to a channel in whatever order, it agrees with a plain model of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import pytest_twisted
from greenlet import greenlet
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from protocols.channels.channel import Channel
from protocols.channels.message import Entry
from protocols.channels.settings import Settings
from protocols.channels.tail import Tail

KEYS = st.sampled_from(["", "a", "b"])
IDS = st.sampled_from(["", "", "x", "y", "z"])
GROUPS = st.sampled_from(["one", "two"])
PLACES = st.integers(0, 40)
ONE = st.integers(0, 999)
TICK = 100.0
"""Seconds, of which a test lets pass some: so many more than it takes that nothing is due in between."""


def done(waiting):
    """What `waiting` gives, once it does."""
    return pytest_twisted.blockon(waiting) if isinstance(waiting, Deferred) else waiting


def run(coroutine):
    return done(Deferred.fromCoroutine(coroutine))


class Behind:
    """The store of a bench, which is opened and closed with the bench."""

    def __init__(self, bench):
        self.bench = bench

    def open(self, came):
        self.bench.came = Ears(came)
        return Deferred.fromCoroutine(self.bench.open())

    def close(self):
        return Deferred.fromCoroutine(self.bench.close())

    def __getattr__(self, name):
        return getattr(self.bench.store, name)


class Ears:
    def __init__(self, extend):
        self.extend = extend


@dataclass
class Reader:
    """A subscriber, and what it should have heard."""

    begin: int
    key: str
    habit: str = ""
    seqs: list = field(default_factory=list)
    left_out: int = 0
    is_running: bool = True
    has_paused: bool = False
    is_told: bool = False
    reason: str = ""

    def came(self, batch):
        assert not self.is_told, "it is never told while it is told"
        self.is_told = True
        self.seqs += [message.seq for message in batch.messages]
        if self.habit:
            self.subscription.pause()
            self.is_running, self.has_paused = False, True
        if self.habit == "restless":
            self.subscription.resume()
            self.is_running = True
        self.is_told = False

    def missed(self, number):
        self.left_out += number

    def cut_off(self, reason):
        self.reason = reason


@dataclass
class Shared:
    """What a group was handed: when it is due again, how often it was, and what was said of it, by seq."""

    position: int
    held: dict = field(default_factory=dict)


class ChannelMachine(RuleBasedStateMachine):
    """Publishing and forgetting, whatever else happens."""

    new_bench = None

    @initialize(slow=st.sampled_from([("drop-oldest", 6), ("disconnect", 6), ("drop-oldest", 10_000)]))
    def begin(self, slow):
        self.bench = type(self).new_bench()
        self.clock = getattr(self.bench, "clock", None)
        self.settings = Settings(slow=slow[0], lag=slow[1])
        self.messages = {}  # all there ever were, by seq
        self.ids = {}
        self.first = 1
        self.last = 0
        self.groups = {}
        self.readers = []
        self.ticks = 0
        self.open()

    def open(self):
        self.channel = Channel(
            "readings",
            Behind(self.bench),
            clock=self.clock or reactor,
            settings=self.settings,
            now=self.bench.now,
        )
        self.channel.tail = Tail(messages=8)
        done(self.channel.open())
        assert self.channel.last == self.last

    def teardown(self):
        if hasattr(self, "channel"):
            self.calm()
            done(self.channel.close())

    def turn(self):
        if self.clock is not None:
            self.clock.advance(0)
        else:
            done(deferLater(reactor, 0.0005))

    # -- publishing and forgetting ---------------------------------------------------------------------

    @rule(entries=st.lists(st.tuples(st.binary(max_size=3), KEYS, IDS), min_size=1, max_size=5))
    def publish(self, entries):
        receipts = done(self.channel.publish([Entry(*entry) for entry in entries]))
        assert len(receipts) == len(entries)
        for (body, key, name), receipt in zip(entries, receipts, strict=True):
            known = self.ids.get(name) if name else None
            if receipt.is_new:
                assert known is None or known < self.first, "an id is published once"
                self.last += 1
                self.messages[self.last] = (body, key)
                if name:
                    self.ids[name] = self.last
                assert receipt.seq == self.last
            else:
                assert receipt.seq == known

    @rule(through=PLACES)
    def trim(self, through):
        through = min(through, self.last)
        assert done(self.channel.trim(through)) == max(0, through - self.first + 1)
        self.forget(through + 1)

    @rule(ticks=st.integers(0, 3))
    def retain_what_is_young(self, ticks):
        since = round((self.bench.now() - ticks * TICK - TICK / 2) * 1000)
        old = done(self.channel.store.seq_before(since))
        count = done(self.channel.store.retain(since, 0))
        self.channel.forgotten(count)
        assert count == max(0, old - self.first + 1)
        self.forget(old + 1)

    @rule(part=st.integers(1, 4))
    def retain_so_much(self, part):
        octets = self.channel.store.extent.octets * part // 4
        if octets:
            self.channel.forgotten(done(self.channel.store.retain(0, octets)))
            extent = self.channel.store.extent
            assert extent.octets <= octets
            assert extent.first >= self.first
            self.forget(extent.first)

    def forget(self, first):
        self.first = max(self.first, first)
        for shared in self.groups.values():
            shared.position = max(shared.position, self.first - 1)
            for seq in [seq for seq in shared.held if seq < self.first]:
                del shared.held[seq]

    @rule()
    def some_time(self):
        self.turn()

    @rule()
    def calm(self):
        """Everybody who reads has come up to the newest message."""
        for _ in range(100 if self.clock is not None else 5000):
            self.turn()
            running = [one for one in self.readers if one.is_running and not one.reason]
            if all(one.subscription.position >= self.last for one in running):
                break
        else:
            raise AssertionError("somebody never comes up")
        self.turn()
        self.turn()
        assert self.channel.last == self.last
        for reader in self.readers:
            self.look_at(reader)
        self.readers = [reader for reader in self.readers if not reader.reason]

    def look_at(self, reader):
        if reader.reason:
            assert self.settings.slow == "disconnect"
            assert reader.has_paused, "only one that has taken nothing for a while is cut off"
        assert reader.seqs == sorted(set(reader.seqs)), "in order, and each once"
        position = reader.subscription.position
        missing = [
            seq
            for seq in range(reader.begin + 1, position + 1)
            if seq not in set(reader.seqs) and (not reader.key or self.messages[seq][1] == reader.key)
        ]
        if not reader.has_paused:
            assert all(seq < self.first for seq in missing), "it is always given what is there"
        if not reader.key:
            assert len(missing) == reader.subscription.dropped, "what it has not heard of is counted"
            assert all(reader.begin < seq <= position for seq in reader.seqs)
        else:
            assert all(self.messages[seq][1] == reader.key for seq in reader.seqs)

    # -- the world -------------------------------------------------------------------------------------

    @rule(ticks=st.integers(1, 3))
    def pass_time(self, ticks):
        run(self.bench.pass_time(ticks * TICK))
        self.ticks += ticks

    @rule()
    def reopen(self):
        done(self.channel.close())
        for reader in self.readers:
            assert reader.reason
        self.readers = []
        self.open()
        assert self.channel.store.extent[:3] == (self.first, self.last, self.last - self.first + 1)


class ReadersMachine(ChannelMachine):
    """Those who read, from the past to what comes."""

    @rule(after=PLACES, most=st.integers(1, 9), key=KEYS)
    def read(self, after, most, key):
        found = done(self.channel.store.read(after, most, key))
        expected = [
            seq
            for seq in range(max(after + 1, self.first), self.last + 1)
            if not key or self.messages[seq][1] == key
        ]
        assert [(one.seq, (one.body, one.key)) for one in found] == [
            (seq, self.messages[seq]) for seq in expected[:most]
        ]
        assert [one.time for one in found] == sorted(one.time for one in found)

    @rule(begin=PLACES, key=KEYS, habit=st.sampled_from(["", "", "pauses", "restless"]))
    def subscribe(self, begin, key, habit=""):
        begin = min(begin, self.channel.last)  # as Channel.position has it
        reader = Reader(begin, key, habit)
        reader.subscription = self.channel.subscribe(reader, begin, key)
        reader.subscription.resume()
        self.readers.append(reader)

    @rule(
        steps=st.lists(
            st.tuples(st.sampled_from(["publish", "pause", "resume", "subscribe"]), ONE), min_size=3
        )
    )
    def all_in_one_turn(self, steps):
        for what, number in steps:
            if what == "publish":
                self.publish([(b"", "", "")])
            elif what == "subscribe":
                self.subscribe(self.last, "")
            elif self.readers:
                getattr(self, what)(number)

    @precondition(lambda self: self.readers)
    @rule(number=ONE)
    def pause(self, number):
        reader = self.readers[number % len(self.readers)]
        reader.subscription.pause()
        reader.is_running, reader.has_paused = False, True

    @precondition(lambda self: self.readers)
    @rule(number=ONE)
    def resume(self, number):
        reader = self.readers[number % len(self.readers)]
        reader.is_running = True
        reader.subscription.resume()

    @precondition(lambda self: self.readers)
    @rule(number=ONE)
    def unsubscribe(self, number):
        reader = self.readers.pop(number % len(self.readers))
        reader.subscription.close()
        heard = list(reader.seqs)
        self.turn()
        assert reader.seqs == heard


class GroupsMachine(ChannelMachine):
    """Those who share."""

    def shared(self, group):
        return self.groups.setdefault(group, Shared(self.first - 1))

    @rule(group=GROUPS, most=st.integers(1, 6), ticks=st.integers(1, 3))
    def claim(self, group, most, ticks):
        shared = self.shared(group)
        claims = done(self.channel.store.claim(group, most, (ticks - 0.5) * TICK))
        due = {seq for seq, (when, _, _) in shared.held.items() if when <= self.ticks}
        again = claims[: min(most, len(due))]
        new = list(range(shared.position + 1, self.last + 1))[: most - len(again)]
        assert {claim.message.seq for claim in again} <= due
        assert len({claim.message.seq for claim in again}) == len(again)
        assert [claim.message.seq for claim in claims[len(again) :]] == new
        for claim in claims:
            seq = claim.message.seq
            _, tries, error = shared.held.get(seq, (0, 0, ""))
            assert (claim.tries, claim.error) == (tries + 1, error)
            assert (claim.message.body, claim.message.key) == self.messages[seq]
            shared.held[seq] = (self.ticks + ticks, tries + 1, error)
        shared.position = max([shared.position, *new])

    @rule(group=GROUPS, seqs=st.lists(PLACES, max_size=4, unique=True))
    def settle(self, group, seqs):
        held = self.shared(group).held
        expected = sum(held.pop(seq, None) is not None for seq in seqs)
        assert done(self.channel.store.settle(group, seqs)) == expected

    @precondition(lambda self: any(shared.held for shared in self.groups.values()))
    @rule(group=GROUPS, number=ONE, error=st.text(max_size=3), ticks=st.integers(0, 2))
    def give_back(self, group, number, error, ticks):
        held = self.shared(group).held
        if held:
            seq = sorted(held)[number % len(held)]
            done(self.channel.store.give_back(group, seq, error, max(0.0, (ticks - 0.5) * TICK)))
            held[seq] = (self.ticks + ticks, held[seq][1], error)

    @rule(group=GROUPS)
    def due(self, group):
        held = self.shared(group).held
        seconds = done(self.channel.store.due(group))
        if not held:
            assert seconds is None
        else:
            ticks = max(0, min(when for when, _, _ in held.values()) - self.ticks)
            assert max(0.0, (ticks - 0.9) * TICK) <= seconds <= ticks * TICK

    @rule(group=GROUPS, after=PLACES)
    def rewind(self, group, after):
        shared = self.shared(group)
        done(self.channel.store.rewind(group, after))
        shared.position = max(min(after, self.last), self.first - 1)
        shared.held = {seq: one for seq, one in shared.held.items() if seq <= after}

    @rule(group=GROUPS)
    def how_far(self, group):
        shared = self.shared(group)
        assert done(self.channel.store.group(group))[:2] == (shared.position, len(shared.held))


def beside_the_reactor(function):
    """Run `function`, which may wait with :func:`done`; fires when it has returned."""
    finished = Deferred()

    def run_it():
        try:
            function()
        except BaseException:  # noqa: BLE001 - whatever it is, it is the test's
            reactor.callLater(0, finished.errback, Failure())
        else:
            reactor.callLater(0, finished.callback, None)

    greenlet(run_it).switch()
    return finished


@pytest.mark.parametrize("machine", [ReadersMachine, GroupsMachine])
@pytest_twisted.ensureDeferred
async def test_any_order_agrees_with_the_model(new_bench, request, machine):
    class Machine(machine):
        pass

    Machine.new_bench = staticmethod(new_bench)
    limits = settings(
        max_examples=100 if "memory" in request.node.name else 10,
        stateful_step_count=50,
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    await beside_the_reactor(lambda: run_state_machine_as_test(Machine, settings=limits))
