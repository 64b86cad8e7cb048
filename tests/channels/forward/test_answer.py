"""The beginning of an answer as one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.forward.answer import EXCERPT, one_line


def test_line_ends_and_control_characters_are_spaces():
    assert one_line(b"<h1>\r\n\tno\x1b[31m\x00way</h1>\n") == "<h1> no [31m way</h1>"


def test_what_is_long_is_cut():
    assert one_line("x" * 1000) == "x" * (EXCERPT - 1) + "…"
    assert one_line("word", 4) == "word"


@given(st.binary(max_size=2000))
def test_whatever_comes_it_is_one_line(octets):
    line = one_line(octets)
    assert len(line) <= EXCERPT
    assert line.isprintable()
