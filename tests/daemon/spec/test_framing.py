"""Settings of framings that depend on each other."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from protocols.daemon.spec.framing import DelimitedSpec, LengthSpec


def test_the_bytes_before_the_length_fit_into_the_limit() -> None:
    assert LengthSpec.model_validate({"offset": 1024, "limit": "1KiB"}).offset == 1024
    with pytest.raises(ValidationError, match="must not be more than the limit") as raised:
        LengthSpec.model_validate({"offset": 1025, "limit": "1KiB"})
    assert raised.value.errors()[0]["loc"] == ("offset",)


def test_a_wrong_limit_is_the_only_fault() -> None:
    with pytest.raises(ValidationError) as raised:
        LengthSpec.model_validate({"offset": 5, "limit": "1K"})
    assert [error["loc"] for error in raised.value.errors()] == [("limit",)]


def test_a_delimiter_is_utf_8() -> None:
    assert DelimitedSpec.model_validate({"delimiter": "→\0"}).delimiter == b"\xe2\x86\x92\0"
