"""Lines of rates."""

from __future__ import annotations

from protocols.daemon.dashboard.sparkline import HEIGHT, WIDTH, area, line


def test_the_last_one_is_at_the_right_end():
    assert line([0, 5, 10]) == f"M{WIDTH - 2} 23L{WIDTH - 1} 12L{WIDTH} 1"
    assert area(line([0, 10]), 2) == f"M{WIDTH - 1} 23L{WIDTH} 1V{HEIGHT}H{WIDTH - 1}Z"


def test_little_looks_like_little():
    assert line([0.5]) == f"M{WIDTH} 12"


def test_nothing():
    assert (line([]), area(line([]), 0)) == ("", "")
    assert (line([0, 0]), area(line([0, 0]), 2)) == ("", "")
