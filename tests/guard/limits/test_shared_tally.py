"""Two processes' worth of counting, on one memory and one clock."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.guard.limits import Ledger, Penalties, SourceLimits
from protocols.guard.limits.acquaintances import KNOWN_FOR
from protocols.guard.limits.ledger import ADMITTED, LOOK_AGAIN
from protocols.guard.limits.shared_memory import SharedMemory
from protocols.guard.limits.shared_tally import SINCE, WRAPS, SharedTallies
from protocols.token_buckets import TokenBuckets

PROCESSES = 2
BOOTED = SINCE + 5.0
"""Seconds that the machine runs: what the clocks of all processes count from."""


class Machine:
    """Its memory, its clock, and who counts in each of its processes."""

    def __init__(self) -> None:
        descriptor = SharedMemory.create(PROCESSES)
        self.memory = SharedMemory(descriptor, PROCESSES)
        os.close(descriptor)
        self.now = BOOTED
        self.tallies = [SharedTallies(self.memory, index, lambda: self.now) for index in range(PROCESSES)]

    def begin(self):
        """As if it had just been started."""
        self.now = BOOTED
        self.memory.moments[:] = memoryview(bytes(8 * len(self.memory.moments))).cast("d")
        for index in range(PROCESSES):
            self.memory.clear(index)


@pytest.fixture(scope="module")
def of_module():
    machine = Machine()
    yield machine
    machine.tallies.clear()


@pytest.fixture
def machine(of_module):
    of_module.begin()
    return of_module


SOURCES = st.sampled_from(["192.0.2.1", "2001:db8::/64", "uid 7"])


@given(st.data())
def test_buckets_are_those_of_one_process(of_module, data):
    machine = of_module
    machine.begin()
    rate, burst = data.draw(st.floats(0.1, 1000)), data.draw(st.integers(1, 50))
    model = TokenBuckets(rate, burst)
    shared = [tallies.of("shop").buckets("rate", rate, burst) for tallies in machine.tallies]
    for _ in range(data.draw(st.integers(1, 30))):
        machine.now += data.draw(st.sampled_from([0, 0, 0.01, 0.5, 5]))
        buckets, source = shared[data.draw(st.integers(0, 1))], data.draw(SOURCES)
        amount = data.draw(st.integers(0, 60))
        if amount:
            expected = model.charge(source, amount, machine.now)
            assert buckets.charge(source, amount, 0.0) == pytest.approx(expected, abs=1e-6)
        else:
            assert buckets.take(source, 0.0) == pytest.approx(model.take(source, machine.now), abs=1e-6)


def test_what_is_given_back_was_never_taken(machine):
    here, there = (tallies.of("shop").buckets("rate", 1, 2) for tallies in machine.tallies)
    assert [here.take("a", 0), there.take("a", 0)] == [0, 0]
    assert here.take("a", 0) > 0
    there.give_back("a")
    assert here.take("a", 0) == 0
    assert there.take("a", 0) > 0
    machine.tallies[0].of("shop").buckets("other", 1, 1).give_back("never seen")


def test_buckets_of_another_service_or_limit_are_others(machine):
    tally = machine.tallies[0].of("shop")
    assert tally.buckets("rate", 1, 1).take("a", 0) == 0
    assert tally.buckets("rate", 1, 1).take("a", 0) == pytest.approx(1)
    assert tally.buckets("other", 1, 1).take("a", 0) == 0
    assert machine.tallies[0].of("post").buckets("rate", 1, 1).take("a", 0) == 0


@given(st.lists(st.tuples(st.integers(0, 1), SOURCES)))
def test_connections_are_those_of_the_others(of_module, opened):
    of_module.begin()
    elsewhere = [tallies.of("shop").elsewhere for tallies in of_module.tallies]
    for index, source in opened:
        elsewhere[index].count(source, 1)
    for index in range(PROCESSES):
        others = [source for i, source in opened if i != index]
        assert elsewhere[index].total() == len(others)
        assert all(elsewhere[index].of(source) == others.count(source) for source in others)
    for index, source in opened:
        elsewhere[index].count(source, -1)
    assert [each.total() for each in elsewhere] == [0, 0]


def ledgers(machine, **limits):
    return [
        Ledger(SourceLimits(**limits), Penalties(), lambda: 0, tallies.of("shop"))
        for tallies in machine.tallies
    ]


def test_a_source_has_its_connections_once_for_all_processes(machine):
    here, there = ledgers(machine, per_source=3)
    assert [ledger.admit("a", 0.0) for ledger in (here, there, there)] == [ADMITTED] * 3
    refused = here.admit("a", 0.0)
    assert (refused.cause, refused.wait) == ("per_source", LOOK_AGAIN)
    assert here.admit("b", 0.0) is ADMITTED
    there.leave("a")
    assert here.connections_of("a") == 2
    assert here.admit("a", 0.0) is ADMITTED


def test_a_process_that_died_has_no_connections(machine):
    here, there = ledgers(machine, per_source=1)
    assert there.admit("a", 0.0) is ADMITTED
    assert here.admit("a", 0.0).cause == "per_source"
    machine.memory.clear(1)
    assert here.admit("a", 0.0) is ADMITTED


def test_the_room_of_a_service_is_that_which_all_have_left(machine):
    here, there = ledgers(machine, connections=10, per_source=8)
    for number in range(6):
        assert there.admit(str(number), 0.0) is ADMITTED
    assert (here.room, there.room) == (4, 4)
    assert here.share == 4


def test_new_connections_have_one_rate(machine):
    here, there = ledgers(machine, per_source=1, connection_rate=2)
    for ledger in (here, there):
        assert ledger.admit("a", 0.0) is ADMITTED
        ledger.leave("a")
    assert here.admit("a", 0.0).cause == there.admit("a", 0.0).cause == "connection_rate"
    machine.now += 0.5
    assert here.admit("a", 0.0) is ADMITTED


@given(st.lists(st.tuples(st.integers(0, 1), SOURCES, st.floats(0.1, 20), st.floats(0, 60))))
def test_penalties_are_those_of_one_process(of_module, offences):
    of_module.begin()
    model, shared = Penalties(), [tallies.penalties() for tallies in of_module.tallies]
    for index, source, points, pause in offences:
        of_module.now += pause
        now = of_module.now
        expected = model.add(source, points, now)
        until = shared[index].add(source, points, now + 1000)
        assert (until and until - 1000) == (expected and pytest.approx(expected)), "in the asker's own time"
        for penalties in shared:
            assert penalties.score(source, now) == pytest.approx(model.score(source, now))
            until = penalties.until(source, now)
            assert until == (model.until(source, now) and pytest.approx(model.until(source, now)))


def test_nobody_has_done_anything_as_the_machine_starts(machine):
    penalties = machine.tallies[0].penalties()
    assert penalties.score("a", BOOTED) == 0
    assert penalties.until("a", BOOTED) is None
    assert not penalties.forgive("a")


def test_who_punished_lists_and_all_forgive(machine):
    here, there = (tallies.penalties() for tallies in machine.tallies)
    here.add("a", 32, machine.now)
    here.add("b", 1, machine.now)
    listed = list(here.entries(machine.now))
    assert [(each.source, each.score) for each in listed] == [("a", pytest.approx(32))]
    assert listed[0].until == pytest.approx(machine.now + 30)
    assert list(there.entries(machine.now)) == []
    assert there.forgive("a")
    assert here.until("a", machine.now) is None
    assert list(here.entries(machine.now)) == []


def test_all_forgive_everybody(machine):
    here, there = (tallies.penalties() for tallies in machine.tallies)
    here.add("a", 32, machine.now)
    there.add("b", 32, machine.now)
    for penalties in (here, there):
        penalties.forgive_all()
    # They stay forgiven when the next one is punished.
    here.add("c", 32, machine.now)
    assert [here.until(source, machine.now) for source in "ab"] == [None, None]
    assert [each.source for penalties in (here, there) for each in penalties.entries(machine.now)] == ["c"]


def test_whom_one_knows_all_know(machine):
    here, there = (tallies.acquaintances() for tallies in machine.tallies)
    assert not there.knows("a", 0.0)
    here.met("a", 0.0)
    machine.now += KNOWN_FOR - 1
    assert there.knows("a", 0.0)
    assert not there.knows("b", 0.0)
    machine.now += 2
    assert not there.knows("a", 0.0)


def test_acquaintances_last_while_seconds_wrap(machine):
    here = machine.tallies[0].acquaintances()
    machine.now = WRAPS - 10.0
    here.met("a", 0.0)
    machine.now += 20
    assert here.knows("a", 0.0)
