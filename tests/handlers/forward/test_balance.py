"""Which of several targets gets the next connection."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from protocols.handlers.forward import Backend, Balance, Target


def backends(count):
    return [Backend(Target("tcp", "192.0.2.1", port + 1), "db") for port in range(count)]


def down(backend, failures=3):
    for _ in range(failures):
        backend.health.failed()


def ports(balance, count, tried=()):
    return [balance.choose(tried).target.port for _ in range(count)]


def test_each_in_turn():
    assert ports(Balance(backends(3)), 7) == [1, 2, 3, 1, 2, 3, 1]


def test_one_that_is_down_is_left_out_until_it_is_up():
    all_three = backends(3)
    balance = Balance(all_three)
    down(all_three[1])
    assert ports(balance, 4) == [1, 3, 1, 3]
    for _ in range(2):
        all_three[1].health.succeeded()
    assert ports(balance, 4) == [1, 2, 3, 1]


def test_the_fewest_connections_and_in_turn_among_equals():
    all_three = backends(3)
    balance = Balance(all_three, "least-connections")
    all_three[0].connections = all_three[1].connections = 2
    assert ports(balance, 2) == [3, 3]
    all_three[2].connections = 2
    assert ports(balance, 4) == [1, 2, 3, 1]


def test_the_least_bad_if_none_is_up():
    all_three = backends(3)
    for failures, backend in zip((5, 3, 4), all_three, strict=True):
        down(backend, failures)
    balance = Balance(all_three)
    assert ports(balance, 2) == [2, 2]
    assert ports(balance, 1, tried=[all_three[1]]) == [3]


def test_none_is_left():
    one, other = backends(2)
    assert Balance([one]).choose([one]) is None
    assert Balance([one, other]).choose([other, one]) is None
    assert Balance([one, other]).choose([one]) is other


@given(st.integers(1, 6), st.integers(1, 60))
def test_nobody_gets_more_than_one_more_than_another(count, chosen):
    share = Counter(ports(Balance(backends(count)), chosen))
    assert max(share.values()) - min(share.get(port + 1, 0) for port in range(count)) <= 1
