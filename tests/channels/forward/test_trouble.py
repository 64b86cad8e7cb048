"""What is said of a target that does not take messages."""

from __future__ import annotations

import pytest

from protocols.channels.forward.trouble import MINUTE, OUTAGES, Trouble


@pytest.fixture
def trouble():
    return Trouble("orders: forward shop", "https://shop.example")


def outage(trouble, now):
    trouble.failed("503", now)
    trouble.over(now + 0.1)


def test_each_outage_has_its_two_lines(trouble, told):
    trouble.over(0.0)
    trouble.failed("503", 1.0)
    trouble.failed("502", 2.0)
    trouble.over(4.0)
    trouble.over(5.0)
    outage(trouble, 6.0)
    assert told == [
        "orders: forward shop: cannot pass on to https://shop.example: 503",
        "orders: forward shop: https://shop.example takes messages again, after 3 s (failures: 2)",
        "orders: forward shop: cannot pass on to https://shop.example: 503",
        "orders: forward shop: https://shop.example takes messages again, after 0 s (failures: 1)",
    ]


def test_of_many_in_a_minute_only_some_and_then_how_many_more_there_were(trouble, told):
    for number in range(OUTAGES + 7):
        outage(trouble, 100.0 + number)
    assert len(told) == 2 * OUTAGES
    outage(trouble, 100.0 + MINUTE)
    assert told[2 * OUTAGES] == (
        "orders: forward shop: cannot pass on to https://shop.example: 503"
        " (outages before that no line was written of: 7)"
    )
    outage(trouble, 101.0 + MINUTE)
    assert told[2 * OUTAGES + 2] == "orders: forward shop: cannot pass on to https://shop.example: 503"


def test_one_that_lasts_is_told_of_when_the_minute_is_over(trouble, told):
    for number in range(OUTAGES):
        outage(trouble, float(number))
    for second in range(OUTAGES, round(MINUTE)):
        trouble.failed("502", float(second))
    assert len(told) == 2 * OUTAGES
    trouble.failed("504", MINUTE)
    trouble.failed("504", MINUTE + 1)
    trouble.over(MINUTE + 2)
    assert told[2 * OUTAGES :] == [
        "orders: forward shop: cannot pass on to https://shop.example: 504",
        "orders: forward shop: https://shop.example takes messages again, after 52 s (failures: 52)",
    ]
