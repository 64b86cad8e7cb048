"""What a group was handed out, in memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.memory.group import SPARE, MemoryGroup


def test_due_again_in_time():
    group = MemoryGroup()
    group.hold(1, 10.0)
    group.hold(2, 5.0)
    assert (group.next_due(), group.due_at(4.9, 9)) == (5.0, [])
    assert group.due_at(10.0, 9) == [2, 1]


def test_so_many_at_a_time():
    group = MemoryGroup()
    for seq in (1, 2, 3):
        group.hold(seq, 1.0)
    assert group.due_at(1.0, 2) == [1, 2]
    for seq in (1, 2):
        group.hold(seq, 9.0)
    assert group.due_at(1.0, 2) == [3]


def test_each_time_counts():
    group = MemoryGroup()
    assert group.hold(1, 1.0).tries == 1
    assert group.hold(1, 2.0).tries == 2
    assert (group.next_due(), group.due_at(1.9, 9)) == (2.0, [])


def test_given_back():
    group = MemoryGroup()
    group.hold(1, 30.0)
    group.give_back(1, "no", 2.0)
    group.give_back(1, "no", 2.0)
    group.give_back(7, "not mine", 0.0)
    assert group.held[1].error == "no"
    assert group.due_at(2.0, 9) == [1]
    assert 7 not in group.held


def test_what_is_settled_is_never_due():
    group = MemoryGroup()
    group.hold(1, 1.0)
    del group.held[1]
    assert (group.next_due(), group.due_at(9.0, 9)) == (None, [])


def test_forgotten():
    group = MemoryGroup(position=3)
    for seq in (1, 2, 3):
        group.hold(seq, 1.0)
    group.forget(2)
    assert (group.position, group.due_at(1.0, 9)) == (3, [3])
    group.forget(8)
    assert (group.position, group.held) == (8, {})


def test_times_that_mean_nothing_do_not_pile_up():
    group = MemoryGroup()
    for number in range(100 * SPARE):
        group.hold(1, float(number))
    assert len(group._times) <= 2 * SPARE
    assert group.next_due() == 100 * SPARE - 1.0


@given(st.lists(st.tuples(st.sampled_from("hgs"), st.integers(1, 5), st.integers(0, 9)), max_size=300))
def test_agrees_with_a_look_at_all_of_them(steps):
    group = MemoryGroup()
    for what, seq, time in steps:
        if what == "h":
            group.hold(seq, float(time))
        elif what == "g":
            group.give_back(seq, "", float(time))
        else:
            group.held.pop(seq, None)
        assert group.next_due() == min((held.due for held in group.held.values()), default=None)
