"""A roster knows who is here, and says when the last has left."""

from __future__ import annotations

from protocols.roster import Roster


def test_members() -> None:
    roster: Roster[str] = Roster()
    assert not roster
    roster.add("a")
    roster.add("b")
    assert len(roster) == 2
    assert "a" in roster
    assert sorted(roster) == ["a", "b"]


def test_word_when_the_last_has_left() -> None:
    roster: Roster[str] = Roster()
    roster.add("a")
    roster.add("b")
    heard: list[int] = []
    roster.emptied().addCallback(lambda _: heard.append(1))
    roster.emptied().addCallback(lambda _: heard.append(2))
    roster.remove("a")
    assert heard == []
    roster.remove("b")
    assert heard == [1, 2]
    roster.add("c")
    roster.remove("c")
    assert heard == [1, 2], "each is told once"


def test_nobody_here_is_told_at_once() -> None:
    heard: list[object] = []
    Roster().emptied().addCallback(heard.append)
    assert heard == [None]


def test_a_stranger_may_be_removed() -> None:
    roster: Roster[str] = Roster()
    roster.add("a")
    roster.remove("b")
    assert "a" in roster


def test_members_may_leave_while_they_are_told() -> None:
    roster: Roster[int] = Roster()
    for number in range(5):
        roster.add(number)
    for number in roster:
        roster.remove(number)
    assert not roster
