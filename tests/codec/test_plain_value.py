import threading

import pytest

from protocols.codec.plain_value import Bounds, check

BOUNDS = Bounds(depth=3, nodes=10, text=8)


class Derived(dict):
    pass


@pytest.mark.parametrize(
    "value", [None, [[[1]]], [0] * 9, "x" * 8, ["x" * 4, b"x" * 4], {1: {2: {3: 4}}}, {(1, 2)}]
)
def test_plain_data_within_the_bounds(value):
    check(value, BOUNDS)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([[[[]]]], "nested deeper than 3"),
        ({1: {2: {3: {}}}}, "nested deeper than 3"),
        ([0] * 10, "more than 10 values"),
        ("x" * 9, "more than 8 characters"),
        ({"key12": "val"} | {1: b"x"}, "more than 8 characters"),
        ([object()], "holds a object"),
        (Derived(), "holds a Derived"),
        ([threading.Lock], "not plain data"),
        (bytearray(b"x"), "holds a bytearray"),
    ],
)
def test_what_is_beyond_the_bounds(value, problem):
    with pytest.raises(ValueError, match=problem):
        check(value, BOUNDS)


def test_cycles_are_too_deep():
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="holds itself"):
        check(cycle, BOUNDS)


def test_shared_parts_count_each_time():
    shared = [1, 2, 3]
    check([shared, shared], BOUNDS)
    with pytest.raises(ValueError, match="more than 10 values"):
        check([shared, shared, shared], BOUNDS)
