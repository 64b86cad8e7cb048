"""What two ends of a link say, as bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.control import wire
from protocols.daemon.control.wire import (
    DESCRIPTORS,
    Answer,
    Call,
    End,
    Item,
    Message,
    Problem,
    Stop,
    WireError,
    decode,
    encode,
)

numbers = st.integers(0, 2**63)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(
        Call, numbers, st.text(), st.dictionaries(st.text(), values), descriptors=st.integers(0, DESCRIPTORS)
    ),
    st.builds(Stop, numbers),
    st.builds(Answer, numbers, values),
    st.builds(Problem, numbers, st.text()),
    st.builds(Item, numbers, values),
    st.builds(End, numbers),
)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            Call(7, "drain", {"service": "shop"}),
            b'{"id":7,"do":"drain","with":{"service":"shop"}}\n',
        ),
        (Call(1, "take", {}, 2), b'{"id":1,"do":"take","with":{},"descriptors":2}\n'),
        (Stop(7), b'{"id":7,"stop":true}\n'),
        (Answer(7, None), b'{"id":7,"answer":null}\n'),
        (Problem(7, "no\n"), b'{"id":7,"problem":"no\\n"}\n'),
        (Item(7, [1]), b'{"id":7,"item":[1]}\n'),
        (End(7), b'{"id":7,"end":true}\n'),
    ],
)
def test_lines(message, line):
    assert encode(message) == line
    assert decode(line[:-1]) == message


@given(messages)
def test_every_message_comes_back(message: Message) -> None:
    line = encode(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode(line[:-1]) == message
    if isinstance(message, Call):
        assert len(line) > message.descriptors, "each needs a byte to travel with"


def test_a_short_line_is_made_long_enough_for_its_descriptors():
    assert len(encode(Call(1, "a", {}, DESCRIPTORS))) > DESCRIPTORS


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(line: bytes) -> None:
    try:
        decode(line)
    except WireError:
        pass


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"7", 'is not an object with an "id"'),
        (b"{}", 'is not an object with an "id"'),
        (b'{"id":-1,"end":true}', 'is not an object with an "id"'),
        (b'{"id":true,"end":true}', 'is not an object with an "id"'),
        (b'{"id":1}', "says nothing that is known"),
        (b'{"id":1,"stop":false}', "says nothing that is known"),
        (b'{"id":1,"problem":7}', "says nothing that is known"),
        (b'{"id":1,"answer":NaN}', "is not JSON: NaN"),
        (b'{"id":1,"do":7}', "does not name a method"),
        (b'{"id":1,"do":"a","with":[]}', "does not name a method"),
        (b'{"id":1,"do":"a","descriptors":257}', "256 descriptors at most"),
        (b'{"id":1,"do":"a","descriptors":-1}', "256 descriptors at most"),
    ],
)
def test_what_is_no_message(line, why):
    with pytest.raises(WireError, match=why):
        decode(line)


def test_keys_of_a_newer_end_are_passed_over():
    assert decode(b'{"id":1,"do":"status","colour":"blue"}') == Call(1, "status")


def _nested() -> Any:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", float("nan"), float("inf"), _nested()])
def test_what_json_cannot_say(value):
    with pytest.raises(WireError, match="JSON cannot say it"):
        encode(Answer(1, value))


def test_a_line_that_is_too_long(monkeypatch):
    monkeypatch.setattr(wire, "LINE", 100)
    encode(Answer(1, "x" * 80))
    with pytest.raises(WireError, match="longer than the 100 bytes"):
        encode(Answer(1, "x" * 81))
