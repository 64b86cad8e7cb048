from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocols.made_once import KEPT, MadeOnce


def test_the_last_lists_are_remembered_by_turns():
    made = []
    once = MadeOnce(lambda messages: made.append(messages) or b"".join(messages))
    lists = [[b"%d" % n] for n in range(KEPT)]
    for _ in range(3):
        assert [once.of(messages) for messages in lists] == [messages[0] for messages in lists]
    assert made == lists
    once.of([b"another"])
    once.of(lists[0])
    assert made[KEPT:] == [[b"another"], lists[0]]


@given(st.lists(st.integers(0, 30)))
def test_it_is_always_what_would_be_made(turns):
    lists = [[b"%d" % n] for n in range(31)]
    once = MadeOnce(b"".join)
    assert [once.of(lists[n]) for n in turns] == [b"%d" % n for n in turns]


def test_equal_lists_are_two():
    once = MadeOnce(id)
    first, second = [b"a"], [b"a"]
    assert (once.of(first), once.of(second)) == (id(first), id(second))
