from __future__ import annotations

from protocols.guard.limits import Acquaintances
from protocols.guard.limits.acquaintances import KNOWN_FOR, SOURCES


def test_who_was_met_is_known_for_a_while():
    known = Acquaintances()
    assert not known.knows("a", 0.0)
    known.met("a", 0.0)
    assert known.knows("a", KNOWN_FOR - 1)
    assert not known.knows("a", KNOWN_FOR)
    assert not known.knows("b", 0.0)
    known.met("a", 100.0)
    assert known.knows("a", KNOWN_FOR + 50)


def test_the_one_that_was_met_longest_ago_is_forgotten():
    known = Acquaintances()
    for number in range(SOURCES):
        known.met(str(number), 0.0)
    known.met("0", 1.0)
    known.met("one more", 1.0)
    assert known.knows("0", 1.0)
    assert not known.knows("1", 1.0)
