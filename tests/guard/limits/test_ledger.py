from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.guard.limits import Ledger, Penalties, SourceLimits
from protocols.guard.limits.ledger import ADMITTED, Verdict


class Service:
    """A service that has so many connections."""

    def __init__(self, **limits):
        self.open = 0
        self.penalties = Penalties()
        self.ledger = Ledger(SourceLimits(**limits), self.penalties, lambda: self.open)

    def admit(self, source, now=0.0):
        verdict = self.ledger.admit(source, now)
        self.open += verdict is ADMITTED
        return verdict

    def leave(self, source):
        self.ledger.leave(source)
        self.open -= 1


def test_each_source_has_its_own():
    service = Service(per_source=2)
    assert [service.admit("a").cause for _ in range(3)] == [None, None, "per_source"]
    assert service.admit("b") is ADMITTED
    assert (service.ledger.connections_of("a"), service.ledger.connections_of("b")) == (2, 1)


def test_those_whose_hands_are_still_shaken_take_places_too():
    service = Service(connections=10, per_source=8)
    causes = [service.ledger.admit("a", 0.0).cause for _ in range(6)]  # of which the service knows nothing
    assert causes == [None] * 5 + ["per_source"]
    service.ledger.leave("a")
    assert service.ledger.admit("a", 0.0) is ADMITTED


def test_one_that_goes_makes_room():
    service = Service(per_source=1)
    service.admit("a")
    assert service.admit("a") == Verdict("per_source", None)
    service.leave("a")
    assert service.admit("a") is ADMITTED


def test_who_comes_too_fast_has_to_wait_so_long():
    service = Service(per_source=2, connection_rate=4)
    for _ in range(4):
        service.admit("a")
        service.leave("a")
    assert service.admit("a") == Verdict("connection_rate", pytest.approx(0.25))
    assert service.admit("b") is ADMITTED
    assert service.admit("a", 0.26) is ADMITTED


def test_who_is_refused_does_not_wait():
    service = Service(per_source=1, connection_rate=1, over="refuse")
    service.admit("a")
    assert service.admit("a") == Verdict("per_source", 0.0)
    service.leave("a")
    assert service.admit("a") == Verdict("connection_rate", 0.0)


def test_who_is_shut_out_gets_nothing():
    service = Service()
    service.penalties.add("a", 1000, 0.0)
    assert service.admit("a") == Verdict("penalty", 0.0)
    assert service.admit("b") is ADMITTED


def test_there_is_always_room_for_newcomers():
    service = Service(connections=100, per_source=64, connection_rate=1e9)
    greedy = [f"greedy {number}" for number in range(20)]
    for _ in range(64):
        for source in greedy:
            service.admit(source)
    assert service.open < 100
    assert service.admit("newcomer") is ADMITTED
    counts = Counter({source: service.ledger.connections_of(source) for source in greedy})
    assert max(counts.values()) - min(counts.values()) <= 1, "none has more than another"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 2)), max_size=80))
def test_it_counts_right(steps):
    service, now = Service(connections=12, per_source=4, connection_rate=3), 0.0
    held: Counter[str] = Counter()
    for source, comes, pause in steps:
        now += pause
        if not comes and held[source]:
            held[source] -= 1
            service.leave(source)
        elif comes and service.admit(source, now) is ADMITTED:
            held[source] += 1
        assert service.ledger.connections_of(source) == held[source] <= 4
        assert service.open == held.total() <= 12
