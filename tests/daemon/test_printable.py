from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.printable import printable


def test_terminals_are_told_nothing_by_what_is_shown():
    assert printable("häuser\x1b[2J\r\n\x9b\u202e") == "häuser\\x1b[2J\\r\\n\\x9b\\u202e"


@given(st.text(st.characters()), st.sampled_from(["", "\n", "\n\u202f"]))
def test_all_of_it_can_be_shown_and_is_as_it_was_where_that_can_be(text, kept):
    shown = printable(text, kept)
    shown.encode()
    assert all(one.isprintable() or one in kept for one in shown)
    assert "".join(printable(one, kept) for one in text) == shown
    assert shown == text or not all(one.isprintable() or one in kept for one in text)
