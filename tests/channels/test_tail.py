"""The newest messages, against a model that keeps all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.message import Message
from protocols.channels.store import READ_BYTES
from protocols.channels.tail import ESCAPED, SLICES, SURPLUS, Tail


def messages(first, last, size=1):
    return [Message(seq, 0, b"x" * size) for seq in range(first, last + 1)]


def seqs(found):
    return [message.seq for message in found]


sizes = st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=10), max_size=30)


@given(sizes, st.integers(0, 300), st.integers(1, 20))
def test_what_is_here_is_what_was_added_last(batches, position, most):
    tail = Tail(messages=40, octets=400)
    tail.begin(100)
    every = []
    for batch in batches:
        added = [Message(101 + len(every) + n, 0, b"x" * size) for n, size in enumerate(batch)]
        tail.add(added)
        every += added
        here = every[tail.first - 101 :]
        assert tail.last == every[-1].seq
        assert len(here) <= 40 + 40 // SURPLUS
        assert sum(len(message.body) for message in here) <= 400 + 400 // SURPLUS or len(here) == 1
        # And not less than there has to be.
        assert here[0] is every[0] or len(here) >= 40 or sum(len(m.body) for m in here) + 60 > 400
    found = tail.after(100 + position, most)
    if 101 + position < tail.first:
        assert found is None
    else:
        assert found == every[position : position + most]


def test_one_message_is_kept_however_large_it_is():
    tail = Tail(octets=10)
    tail.add([Message(1, 0, b"x" * 100), Message(2, 0, b"y" * 100)])
    assert tail.first == 2
    assert tail.after(1, 10) == [Message(2, 0, b"y" * 100)]


def test_messages_without_a_gap_only():
    tail = Tail()
    tail.begin(4)
    with pytest.raises(ValueError, match="message 6 does not follow 4"):
        tail.add([Message(6, 0, b"")])


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


@pytest.mark.parametrize(("byte", "size"), [(b"x", 1), (b"\x01", ESCAPED), (b"\n", ESCAPED)])
def test_not_more_at_a_time_than_is_read_of_a_store(byte, size):
    tail = Tail()
    body = byte * (READ_BYTES // size // 4)
    tail.add([Message(seq, 0, body) for seq in range(1, 10)])
    assert seqs(tail.slice(0, 256).messages) == [1, 2, 3, 4]
    assert seqs(tail.slice(4, 256).messages) == [5, 6, 7, 8]
    assert seqs(tail.slice(8, 256).messages) == [9]


def test_one_message_however_large_it_is():
    tail = Tail()
    tail.add(messages(1, 2, size=READ_BYTES + 1))
    assert seqs(tail.slice(0, 256).messages) == [1]
    assert seqs(tail.slice(1, 256).messages) == [2]


def test_who_is_at_the_same_place_gets_the_same():
    tail = Tail()
    tail.add(messages(1, 3))
    assert tail.slice(3, 9) is None
    one = tail.slice(0, 9)
    assert seqs(one.messages) == [1, 2, 3]
    tail.add(messages(4, 5))
    assert tail.slice(0, 9) is one, "what came behind it is read next"
    assert seqs(tail.slice(3, 9).messages) == [4, 5]
    assert seqs(tail.slice(0, 2).messages) == [1, 2]
    for position in range(SLICES):
        tail.slice(position, 1)
    assert tail.slice(0, 9) is not one
    assert len(tail._slices) == SLICES


@pytest.mark.parametrize("gone", [lambda tail: tail.forget(2), lambda tail: tail.begin(9)])
def test_what_is_forgotten_is_not_given_any_more(gone):
    tail = Tail()
    tail.add(messages(1, 5))
    assert tail.slice(1, 9)
    gone(tail)
    assert tail.slice(1, 9) is None
    assert not tail._slices
