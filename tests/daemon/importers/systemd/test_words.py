"""Quotes and escapes of systemd."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.systemd.words import words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  a\tb ", ["a", "b"]),
        ('"a b" \'c "d\'', ["a b", 'c "d']),
        ('a="b c"d', ["a=b cd"]),
        ('""', [""]),
        (r"\x41\102\u0043\s\t\\", ["ABC \t\\"]),
        (r'"a\"b"', ['a"b']),
        (r"\d\-", [r"\d\-"]),
    ],
)
def test_words(text, words):
    assert words_of(text) == words


@pytest.mark.parametrize("text", ['"a', "a 'b", "a\\", r"\x00", r"\ud800", r"\UFFFFFFFF"])
def test_what_is_wrong(text):
    with pytest.raises(ValueFault):
        words_of(text)


@given(st.text(max_size=40))
def test_nothing_but_a_clear_error(text):
    try:
        words_of(text)
    except ValueFault:
        pass
