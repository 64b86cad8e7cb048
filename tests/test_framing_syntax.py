from __future__ import annotations

import pytest

from protocols.framing import Delimited, Fixed, Length, Lines, Netstring, Raw
from protocols.framing_syntax import parse_framing


@pytest.mark.parametrize(
    ("text", "framing"),
    [
        ("lines", Lines("any", 99)),
        ("lines:crlf", Lines("crlf", 99)),
        ("delimited:::", Delimited(b"::", 99)),
        ("delimited:\\x00\\n\\\\é", Delimited("\0\n\\é".encode(), 99)),
        ("length", Length(limit=99)),
        ("length:2:little", Length(2, "little", limit=99)),
        ("length:big:8:signed:inclusive:offset=3", Length(8, "big", True, 3, True, 99)),
        ("netstring", Netstring(99)),
        ("fixed:16", Fixed(16)),
        ("raw", Raw(99)),
    ],
)
def test_what_is_understood(text, framing):
    assert parse_framing(text, 99) == framing


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a framing"),
        ("netstrings", "did you mean netstring"),
        ("lines:", "nothing stands after"),
        ("lines:cr", "lf, crlf or any"),
        ("delimited", "what ends a message"),
        ("delimited:\\q", "escape"),
        ("delimited:\\", "escape"),
        ("length:3", "no setting"),
        ("length:2:4", "twice"),
        ("length:offset=100", "lets none through"),
        ("fixed", "how many bytes"),
        ("fixed:0", "at least 1"),
        ("raw:1", "no settings"),
    ],
)
def test_what_is_refused(text, why):
    with pytest.raises(ValueError, match=why):
        parse_framing(text, 99)
