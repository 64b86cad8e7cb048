"""Lines of messages, there and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols.channels.message import Entry, Message
from protocols.channels.message_json import as_line
from protocols.channels.sqlite.lines import line, messages, sent_line

# Halves of characters too; two that follow one another would be one character in JSON.
TEXTS = st.text(st.characters() | st.sampled_from('\udcff\ud800"\\,'), max_size=20).filter(
    lambda text: json.loads(json.dumps(text)) == text
)
BODIES = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: text.encode(errors="replace")),
    st.sampled_from([b"", b'"', b"\\", b"a\0b", b"\r\n", b'","body":"', b'{"seq":1,"time":2,"body":"x"}\n']),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
JSON = st.builds(
    lambda value, indent, is_ascii: json.dumps(value, indent=indent, ensure_ascii=is_ascii).encode(
        errors="replace"
    ),
    VALUES,
    st.sampled_from([None, 0, 2]),
    st.booleans(),
)
JSON_TYPES = st.sampled_from(["application/json", "application/geo+json; charset=utf-8"])
ENTRIES = st.one_of(
    st.builds(
        Entry,
        BODIES,
        TEXTS,
        TEXTS,
        TEXTS,
        st.sampled_from(["", "text/plain", '"', "\udcff"]) | JSON_TYPES,
        st.lists(st.tuples(TEXTS | st.just("body"), TEXTS), max_size=3).map(tuple),
    ),
    st.builds(Entry, JSON, TEXTS, TEXTS, TEXTS, JSON_TYPES),
)
NUMBERS = st.integers(0, 2**62)


def stored(numbers, entries):
    """Lines, as a file gives them, and what it keeps besides."""
    lines, bodies = "", {}
    for number, entry in zip(numbers, entries, strict=True):
        text, body = line(number, number + 1, entry)
        lines += text.encode(errors="backslashreplace").decode()
        if body is not None:
            bodies[str(number)] = body.hex()
    return lines, bodies


@given(st.lists(st.tuples(NUMBERS, ENTRIES), max_size=8, unique_by=lambda pair: pair[0]))
@example(
    [(1, Entry(b"x", headers=(("body", '","body":"y"'), ("body", "z")), content_type="application/json"))]
)
@example([(1, Entry(b"[1,\n2]", content_type="application/json")), (2, Entry(b"[]"))])
def test_there_and_back(pairs):
    numbers, entries = [number for number, _ in pairs], [entry for _, entry in pairs]
    expected = [Message(number, number + 1, *entry) for number, entry in pairs]
    assert messages(*stored(numbers, entries)) == expected


@given(NUMBERS, BODIES, TEXTS)
def test_of_a_sender_only(number, body, sender):
    assert sent_line(number, 7, body, sender) == line(number, 7, Entry(body, sender=sender))[0]


@given(NUMBERS, st.builds(Entry, BODIES, TEXTS, TEXTS, TEXTS, st.just("a/b")) | st.builds(Entry, JSON))
def test_it_is_the_json_of_the_message(number, entry):
    text, body = line(number, 7, entry)
    octets = text.encode(errors="backslashreplace")
    assert json.loads(octets) == json.loads(as_line(Message(number, 7, *entry)))
    assert octets.index(b"\n") == len(octets) - 1
    assert body is None


@given(JSON, JSON_TYPES)
def test_a_body_of_json_is_kept_apart_only_where_it_has_line_ends(body, content_type):
    text, kept = line(1, 7, Entry(body, content_type=content_type))
    assert (kept == body) if b"\n" in body else (kept is None)
    assert text.encode() == as_line(Message(1, 7, body, content_type=content_type))


@pytest.mark.parametrize("body", [b'"\xff"', b"{", b'"}\n{"seq":2', b"", b"\0"])
def test_what_is_called_json_and_is_none_harms_nothing(body):
    entries = [Entry(body, content_type="application/json"), Entry(b"next")]
    read = messages(*stored([1, 2], entries))
    assert read == [Message(1, 2, *entries[0]), Message(2, 3, *entries[1])]
