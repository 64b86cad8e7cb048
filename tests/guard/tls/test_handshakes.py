from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from protocols.guard.tls.handshakes import Handshakes


class Shaking:
    due = None

    def __init__(self, source: str) -> None:
        self.source = source
        self.fate = "pending"

    def time_out(self) -> None:
        self.fate = "late"

    def give_way(self) -> None:
        self.fate = "gone"


@pytest.fixture
def clock():
    return Clock()


def begin(handshakes: Handshakes, *sources: str) -> list[Shaking]:
    made = [Shaking(source) for source in sources]
    for each in made:
        handshakes.began(each)
    return made


def test_each_has_its_time_and_all_have_one_timer(clock):
    handshakes = Handshakes(clock, 10)
    (first,) = begin(handshakes, "a")
    clock.advance(4)
    (second,) = begin(handshakes, "a")
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(6)
    assert (first.fate, second.fate) == ("late", "pending")
    clock.advance(4)
    assert second.fate == "late"


def test_what_is_done_is_not_late(clock):
    handshakes = Handshakes(clock, 10)
    (first,) = begin(handshakes, "a")
    handshakes.ended(first)
    handshakes.ended(first)
    assert len(handshakes) == 0
    assert clock.getDelayedCalls() == []


def test_the_oldest_of_the_source_that_has_most_makes_room(clock):
    handshakes = Handshakes(clock, limit=4)
    good, bad1, bad2, bad3 = begin(handshakes, "good", "bad", "bad", "bad")
    (new,) = begin(handshakes, "other")
    assert [each.fate for each in (good, bad1, bad2, bad3, new)] == [
        "pending",
        "gone",
        "pending",
        "pending",
        "pending",
    ]
    assert len(handshakes) == 4
    begin(handshakes, "bad")
    assert (good.fate, bad2.fate) == ("pending", "gone")


def test_of_many_sources_the_oldest_makes_room(clock):
    handshakes = Handshakes(clock, limit=3)
    first, second, third = begin(handshakes, "a", "b", "c")
    begin(handshakes, "d")
    assert [first.fate, second.fate, third.fate] == ["gone", "pending", "pending"]


def test_room_is_made_once_for_each(clock):
    handshakes = Handshakes(clock, 10, limit=2)
    begin(handshakes, *["a"] * 50)
    assert len(handshakes) == 2
    clock.advance(10)
    assert clock.getDelayedCalls() == []


def test_all_are_ended_together(clock):
    handshakes = Handshakes(clock)
    made = begin(handshakes, "a", "a", "b")
    handshakes.end_all()
    assert {each.fate for each in made} == {"gone"}
    assert len(handshakes) == 0
    assert clock.getDelayedCalls() == []
