"""Something that happens once."""

from __future__ import annotations

from protocols.daemon.occurrence import Occurrence


def test_who_waits_hears_of_it_in_turn():
    it: Occurrence[str] = Occurrence()
    heard: list[str] = []
    for name in ("first", "second"):
        it.when().addCallback(lambda value, name=name: heard.append(f"{name}: {value}"))
    assert heard == []
    it.happened("now")
    assert heard == ["first: now", "second: now"]


def test_who_comes_later_hears_of_it_at_once():
    it: Occurrence[str] = Occurrence()
    it.happened("then")
    heard: list[str] = []
    it.when().addCallback(heard.append)
    assert heard == ["then"]


def test_who_asks_while_others_are_told_hears_of_it_too():
    it: Occurrence[int] = Occurrence()
    heard: list[int] = []
    it.when().addCallback(lambda value: it.when().addCallback(heard.append))
    it.happened(1)
    assert heard == [1]
