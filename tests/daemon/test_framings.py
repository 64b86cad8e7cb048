"""From the YAML's framing to the framing."""

from __future__ import annotations

import pytest

from protocols.daemon.framings import FRAMINGS, framing_for
from protocols.daemon.spec.framing import FramingSpec
from protocols.framing import Delimited, Fixed, Length, Lines, Netstring, Raw

CASES = [
    ("lines", Lines()),
    ({"lines": {"ending": "crlf", "limit": "2KiB"}}, Lines("crlf", 2048)),
    ({"delimited": {"delimiter": "\0", "limit": 9}}, Delimited(b"\0", 9)),
    (
        {"length": {"bytes": 2, "order": "little", "includes_header": True, "offset": 1, "signed": True}},
        Length(2, "little", True, 1, True, 65_536),
    ),
    ({"netstring": {"limit": 7}}, Netstring(7)),
    ({"fixed": {"size": 16}}, Fixed(16)),
    ({"raw": {"limit": 100}}, Raw(100)),
]


@pytest.mark.parametrize(("written", "framing"), CASES, ids=str)
def test_every_setting_arrives(written, framing):
    assert framing_for(FramingSpec.model_validate(written)) == framing


def test_every_framing_of_the_yaml_can_be_made():
    assert set(FRAMINGS) == set(FramingSpec.model_fields)
    assert {type(framing) for _, framing in CASES} == {Lines, Delimited, Length, Netstring, Fixed, Raw}
