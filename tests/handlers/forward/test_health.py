"""Whether a target can be reached, by what was last seen of it."""

from __future__ import annotations

import pytest

from protocols.handlers.forward.health import Health


@pytest.mark.parametrize(
    ("seen", "is_up"),
    [
        ("", True),
        ("--", True),
        ("---", False),
        ("--+--", True),
        ("---+", False),
        ("---+-+", False),
        ("---++", True),
        ("---++--", True),
        ("-----++---", False),
    ],
)
def test_three_failures_and_two_successes_in_a_row(seen, is_up):
    health = Health(rise=2, fall=3)
    for each in seen:
        before = health.is_up
        changed = health.succeeded() if each == "+" else health.failed()
        assert changed is (before is not health.is_up)
    assert health.is_up is is_up


def test_it_may_be_forgotten():
    health = Health(fall=1)
    health.failed()
    health.revive()
    assert (health.is_up, health.failures) == (True, 0)
