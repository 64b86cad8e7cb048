from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from protocols.guard.limits import Acquaintances, Ledger, Lobby, Penalties, SourceLimits
from protocols.guard.limits.source_limits import PARKED
from protocols.journal import Journal


class Guest:
    """A connection that notes what it is told."""

    def __init__(self):
        self.told = ""

    def go_in(self):
        self.told += "in"

    def turn_away(self):
        self.told += "away"


class House:
    """A lobby, and who is inside."""

    def __init__(self, **limits):
        self.clock = Clock()
        self.journal = Journal("tested")
        self.penalties = Penalties()
        self.known = Acquaintances()
        self.guests = []
        ledger = Ledger(
            SourceLimits(**{"per_source": 2, "connection_rate": 1e6, **limits}),
            self.penalties,
            lambda: sum(guest.told == "in" for guest in self.guests),
        )
        self.lobby = Lobby(ledger, self.penalties, self.known, journal=self.journal, clock=self.clock)

    def come(self, source="a"):
        guest = Guest()
        self.lobby.enter(guest, source)
        self.guests.append(guest)
        return guest

    def leave(self, guest, source="a"):
        guest.told = "left"
        self.lobby.left(source)

    @property
    def told(self):
        return [guest.told for guest in self.guests]


def test_those_that_are_too_many_wait_in_their_order():
    house = House()
    guests = [house.come() for _ in range(4)]
    assert house.told == ["in", "in", "", ""]
    assert house.lobby.waiting == 2
    assert house.journal.counts.over == {"per_source": 2}
    house.leave(guests[1])
    assert house.told == ["in", "left", "in", ""]
    house.leave(guests[0])
    assert house.told == ["left", "left", "in", "in"]
    assert house.lobby.waiting == 0
    assert house.clock.getDelayedCalls() == []


def test_others_do_not_wait_for_them():
    house = House()
    for _ in range(3):
        house.come("a")
    assert house.come("b").told == "in"


def test_those_that_come_too_fast_go_in_at_their_rate():
    house = House(per_source=10, connection_rate=2)
    for _ in range(10):
        house.leave(house.come())
    late = [house.come() for _ in range(2)]
    house.clock.advance(0.4)
    assert [guest.told for guest in late] == ["", ""]
    house.clock.advance(0.2)
    assert [guest.told for guest in late] == ["in", ""]
    house.clock.advance(0.5)
    assert [guest.told for guest in late] == ["in", "in"]
    assert house.clock.getDelayedCalls() == []


def test_waiting_has_an_end():
    house = House()
    for _ in range(3):
        house.come()
    house.clock.advance(PARKED)
    assert house.told == ["in", "in", "away"]
    assert house.journal.counts.over == {"per_source": 2}, "it waited, and was refused"
    assert house.penalties.score("a", house.clock.seconds()) == 1


def test_one_that_leaves_while_it_waits_is_forgotten():
    house = House()
    first, _, third, fourth = (house.come() for _ in range(4))
    house.lobby.gone(third, "a")
    house.leave(first)
    assert (third.told, fourth.told) == ("", "in")
    house.lobby.gone(Guest(), "a")
    house.lobby.gone(Guest(), "nobody")
    assert house.lobby.waiting == 0


def test_no_more_of_a_source_wait_than_it_may_have():
    house = House()
    for _ in range(5):
        house.come()
    assert house.told == ["in", "in", "", "", "away"]


def test_no_more_wait_than_there_is_room_for():
    house = House(connections=4, per_source=3)
    for _ in range(5):
        house.come()
    assert house.told == ["in", "in", "", "", "away"]


def test_who_comes_anew_takes_the_place_of_one_that_waits():
    house = House(connections=6)
    for source in "aaaabbbc":
        house.come(source)
    assert house.told == ["in", "in", "", "away", "in", "in", "away", "in"]
    house.come("d")
    assert house.told[2:] == ["away", "away", "in", "in", "away", "in", "in"]
    assert house.lobby.waiting == 0
    assert house.clock.getDelayedCalls() == []


def test_the_room_that_others_leave_is_for_those_that_wait():
    house = House(connections=6, per_source=3)
    for source in "bbbaaa":
        house.come(source)
    assert house.told == ["in"] * 5 + [""]
    house.leave(house.guests[0], "b")
    house.leave(house.guests[1], "b")
    assert house.told[2:] == ["in"] * 4
    assert house.clock.getDelayedCalls() == []


def test_who_is_refused_is_told_at_once():
    house = House(over="refuse")
    for _ in range(3):
        house.come()
    assert house.told == ["in", "in", "away"]
    assert house.lobby.waiting == 0


def test_who_does_not_stop_is_shut_out_and_let_in_again():
    house = House(over="refuse")
    guests = [house.come() for _ in range(30)]
    assert house.journal.counts.shut_out == 1
    assert house.lobby.is_shut_out("a")
    assert not house.lobby.is_shut_out("b")
    for guest in guests[:2]:
        house.leave(guest)
    assert house.come().told == "away"
    house.clock.advance(60)
    assert not house.lobby.is_shut_out("a")
    assert house.come().told == "in"


@pytest.mark.parametrize("over", ["wait", "refuse"])
def test_nobody_is_shut_out_because_others_have_filled_the_service(over):
    house = House(per_source=40, connections=100, over=over)
    for number in range(80):
        house.come(f"b{number % 4}")
    for _ in range(30):
        house.come("a")
    house.clock.advance(PARKED)
    assert house.told[80:] == ["in"] * 10 + ["away"] * 20
    assert house.penalties.score("a", house.clock.seconds()) == 0
    # Those that wait are told of, and once more when they are turned away.
    assert house.journal.counts.over["per_source"] == (30 if over == "wait" else 20)


def test_the_log_says_who_which_limit_and_until_when(said):
    house = House(over="refuse")
    for _ in range(50):
        house.come("192.0.2.1")
    (over, shut_out) = said
    assert over == "tested: 192.0.2.1 is over limits.per_source"
    assert shut_out.startswith("tested: 192.0.2.1 will not stop (limits.per_source): refused until ")
    assert shut_out.endswith(" s")


def test_those_that_wait_are_turned_away_in_the_end():
    house = House()
    for _ in range(3):
        house.come()
    house.lobby.close()
    assert house.told == ["in", "in", "away"]
    assert house.clock.getDelayedCalls() == []


def test_who_was_let_in_is_known():
    house = House(over="refuse")
    house.come("a")
    house.penalties.add("b", 1000, 0.0)
    house.come("b")
    assert house.known.knows("a", 0.0)
    assert not house.known.knows("b", 0.0)


@pytest.mark.parametrize("over", ["wait", "refuse"])
def test_however_many_come_nothing_is_left_of_them(over):
    house = House(per_source=3, connection_rate=5, over=over)
    for number in range(200):
        house.come("abcdefgh"[number % 8])
        house.clock.advance(0.01)
    for guest, source in zip(house.guests, "abcdefgh" * 25, strict=True):
        if guest.told == "in":
            house.leave(guest, source)
    house.clock.advance(PARKED)
    for guest, source in zip(house.guests, "abcdefgh" * 25, strict=True):
        if guest.told == "in":
            house.leave(guest, source)
    house.lobby.close()
    assert house.lobby.waiting == 0
    assert house.lobby.ledger._by_source == {}
    assert house.clock.getDelayedCalls() == []
