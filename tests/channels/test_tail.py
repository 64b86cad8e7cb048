"""The newest messages, in memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.message import Message
from protocols.channels.tail import Tail


def messages(first, last, size=1):
    return [Message(seq, 0, b"x" * size) for seq in range(first, last + 1)]


def seqs(found):
    return [message.seq for message in found]


def test_empty():
    tail = Tail()
    assert (tail.first, tail.last) == (1, 0)
    assert tail.after(0, 10) == []


def test_begins_behind_what_is_in_the_store():
    tail = Tail()
    tail.begin(41)
    assert tail.after(40, 10) is None
    assert tail.after(41, 10) == []
    tail.add(messages(42, 43))
    assert seqs(tail.after(41, 10)) == [42, 43]


def test_what_does_not_follow_is_a_mistake():
    tail = Tail()
    tail.add(messages(1, 2))
    with pytest.raises(ValueError, match="4 does not follow 2"):
        tail.add(messages(4, 5))


def test_keeps_so_many():
    tail = Tail(messages=3)
    tail.add(messages(1, 10))
    assert (tail.first, tail.last) == (8, 10)
    assert tail.after(6, 10) is None
    assert seqs(tail.after(7, 10)) == [8, 9, 10]


def test_keeps_so_many_bytes_but_one_message_at_least():
    tail = Tail(octets=100)
    tail.add(messages(1, 3, size=40))
    assert tail.first == 2
    tail.add(messages(4, 4, size=1000))
    assert seqs(tail.after(3, 10)) == [4]
    tail.add(messages(5, 5, size=1))
    assert tail.first == 5


def test_forgets_what_is_trimmed():
    tail = Tail(octets=100)
    tail.add(messages(1, 4, size=20))
    tail.forget(2)
    assert (tail.first, tail.after(1, 9)) == (3, None)
    tail.forget(1)
    assert tail.first == 3
    tail.forget(99)
    assert (tail.first, tail.last, tail.after(3, 9)) == (5, 4, None)
    tail.add(messages(5, 9, size=20))
    assert seqs(tail.after(4, 9)) == [5, 6, 7, 8, 9], "the bytes of what is forgotten do not count"


@given(st.integers(0, 30), st.integers(0, 45), st.integers(1, 12))
def test_any_piece_is_what_a_list_would_give(kept, position, most):
    tail = Tail(messages=kept + 1)
    tail.add(messages(1, 40))
    found = tail.after(position, most)
    if position < tail.first - 1:
        assert found is None
    else:
        assert seqs(found) == list(range(position + 1, 41))[:most]
