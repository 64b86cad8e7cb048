"""Keys and subjects."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols.channels.nats.subjects import Subjects

OURS = Subjects.ours("readings")
KEYS = st.text(st.characters(exclude_categories=["C"]), max_size=40).filter(str.isprintable)


@pytest.mark.parametrize(
    ("key", "subject"),
    [
        ("", "readings"),
        ("pump-3", "readings.pump-3"),
        ("pump.3", "readings.pump.3"),
        ("a b", "readings.a%20b"),
        ("*", "readings.%2A"),
        ("a.>", "readings.a.%3E"),
        ("a..b", "readings.a%2E%2Eb"),
        (".", "readings.%2E"),
        ("Ü", "readings.%C3%9C"),
        ("50%", "readings.50%25"),
    ],
)
def test_a_key_is_what_follows_the_name(key, subject):
    assert OURS.subject(key) == subject
    assert OURS.key(subject) == key


PATTERNS = [["readings", "readings.>"], ["a.b.>"], ["a.*"], [">"], ["a.*", "a"], ["x.*.y", "b.>"]]


@given(patterns=st.sampled_from(PATTERNS), key=KEYS)
@example(patterns=["a.*"], key="_")
@example(patterns=["a.b.>"], key="_")
def test_every_key_comes_back(patterns, key):
    subjects = Subjects.of("readings", patterns)
    subject = subjects.subject(key)
    assert subjects.key(subject) == key
    tokens = subject.split(".")
    assert all(token and token.isascii() and not set(token) & set(" *>") for token in tokens)
    if patterns[0] == "a.*" and key:
        assert len(tokens) == 2


def test_a_stream_with_one_subject_has_no_place_for_a_key():
    subjects = Subjects.of("other", ["x.*.y", "events"])
    assert subjects.subject("k") == "events"
    assert not subjects.prefix


def test_the_key_of_what_others_published_is_its_subject():
    assert Subjects.of("other", ["a.>", "b.c"]).key("b.c") == "b.c"


@pytest.mark.parametrize("patterns", [[], ["*.a"], ["a.*.b"], ["*"]])
def test_nothing_can_be_published_to_patterns_alone(patterns):
    assert Subjects.of("other", patterns) is None


def test_the_longest_key_makes_no_line_that_nats_refuses():
    assert len(OURS.subject("\U0001f600" * 256)) < 3500
