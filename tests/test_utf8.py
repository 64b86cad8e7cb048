"""Whether bytes are text."""

from __future__ import annotations

import pytest

from protocols.utf8 import is_utf8


@pytest.mark.parametrize(
    ("message", "text"),
    [(b"", True), (b"abc\0", True), ("äöü".encode(), True), (b"\xff", False), ("ä".encode()[:1], False)],
)
def test_what_is_text(message, text):
    assert is_utf8(message) is text
