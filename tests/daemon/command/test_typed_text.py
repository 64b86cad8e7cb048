from __future__ import annotations

import pickle
from datetime import UTC, datetime

import msgpack
import pytest

from protocols.daemon.command.typed_text import typed_text


@pytest.mark.parametrize(
    "text", [b"", b"[1", b"NaN", b"Infinity", b'"\\ud800"', b"1e999", b"[" * 100_000, b"\xff", b"{'a': 1}"]
)
def test_json_that_is_none(text):
    with pytest.raises(ValueError, match=r"JSON|UTF-8"):
        typed_text("json").to_message(text)


def test_values_without_a_form_in_json_are_shown_all_the_same():
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    assert typed_text("pickle").to_text(pickle.dumps({"at": moment, "b": b"\xff"})) == (
        b'{"at":"2026-01-02T00:00:00Z","b":"_w=="}'
    )
    assert typed_text("msgpack").to_text(msgpack.packb([float("nan"), {1: 2}])) == b'["NaN",{"1":2}]'


@pytest.mark.parametrize(
    ("codec", "message"), [("msgpack", b"\xc1"), ("pickle", b"cos\nsystem\n."), ("text", b"\xff")]
)
def test_messages_that_cannot_be_read(codec, message):
    with pytest.raises(ValueError, match=r"."):
        typed_text(codec).to_text(message)


def test_an_integer_that_msgpack_lacks():
    with pytest.raises(ValueError, match="64 bits"):
        typed_text("msgpack").to_message(b"18446744073709551616")
