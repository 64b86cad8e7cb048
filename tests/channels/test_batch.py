"""Messages on their way to subscribers."""

from __future__ import annotations

from protocols.channels.batch import KEYS, Batch
from protocols.channels.message import Message

MESSAGES = [Message(4, 0, b"a", "x"), Message(5, 0, b"b"), Message(6, 0, b"c", "x")]


def test_brought_into_a_form_once():
    calls = []

    def render(message):
        calls.append(message.seq)
        return message.body * 2

    batch = Batch(MESSAGES)
    first = batch.rendered(render)
    assert first == [b"aa", b"bb", b"cc"]
    assert batch.rendered(render) is first
    assert batch.joined(render) == b"aabbcc"
    assert batch.joined(render) is batch.joined(render)
    assert calls == [4, 5, 6]


def test_each_form_is_its_own():
    batch = Batch(MESSAGES)
    assert batch.rendered(lambda message: message.body) == [b"a", b"b", b"c"]
    assert batch.rendered(lambda message: message.body.upper()) == [b"A", b"B", b"C"]


def test_of_one_key():
    batch = Batch(MESSAGES)
    of_x = batch.of_key("x")
    assert [message.seq for message in of_x.messages] == [4, 6]
    assert batch.of_key("x") is of_x
    assert batch.of_key("y") is None
    assert (len(batch), batch.last, of_x.last) == (3, 6, 6)


def test_of_any_number_of_keys():
    batch = Batch(MESSAGES)
    for number in range(3 * KEYS):
        assert batch.of_key(f"nobody's {number}") is None
    assert len(batch.of_key("x")) == 2
    assert len(batch._keyed) <= KEYS
