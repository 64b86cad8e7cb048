import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from protocols.codec import DecodeError
from protocols.codec.json_codec import JsonCodec


class Order(BaseModel):
    item: str
    quantity: int = Field(alias="qty")


@dataclass
class Quote:
    price: Decimal
    at: datetime


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"   ",
        b"{",
        b'{"item": "a", "qty": 1} x',
        b'{"item": "\xff", "qty": 1}',
        b"\xff\xfe",
        b"\x00",
        b"[" * 100_000,
        b"9" * 100_000,
        b"{'item': 1}",
    ],
)
def test_what_is_not_json_is_malformed(message):
    with pytest.raises(DecodeError) as caught:
        JsonCodec(Order).decode(message)
    assert (caught.value.status, caught.value.title) == (400, "Malformed message")
    assert caught.value.errors[0].kind == "json_invalid"


@pytest.mark.parametrize(
    ("message", "path", "kind"),
    [
        (b"[]", "", "model_type"),
        (b'{"item": "a"}', "/qty", "missing"),
        (b'{"item": "a", "qty": "many"}', "/qty", "int_parsing"),
        (b'{"item": 1, "qty": 1}', "/item", "string_type"),
    ],
)
def test_json_of_the_wrong_shape_is_invalid(message, path, kind):
    with pytest.raises(DecodeError) as caught:
        JsonCodec(Order).decode(message)
    assert (caught.value.status, caught.value.title) == (422, "Invalid message")
    (fault,) = caught.value.errors
    assert (fault.path, fault.kind) == (path, kind)


def test_lax_mode_reads_numbers_in_text():
    assert JsonCodec(Order).decode(b'{"item": "a", "qty": "3"}') == Order(item="a", qty=3)


def test_model_goes_out_under_its_aliases():
    assert JsonCodec(Order).encode(Order(item="a", qty=3)) == b'{"item":"a","qty":3}'


def test_dataclass_decimal_and_datetime():
    quote = Quote(Decimal("1.50"), datetime(2024, 1, 2, tzinfo=UTC))
    assert JsonCodec(Any).encode(quote) == b'{"price":"1.50","at":"2024-01-02T00:00:00Z"}'


def test_bytes_and_text_go_out_as_they_are():
    codec = JsonCodec(Any)
    assert codec.encode(b"\xff") == b"\xff"
    assert codec.encode(bytearray(b"ab")) == b"ab"
    assert codec.encode(memoryview(b"ab")) == b"ab"
    assert codec.encode("é") == b"\xc3\xa9"
    assert codec.encode(None) == b"null"


def test_numbers_that_json_lacks_are_null():
    assert JsonCodec(Any).encode([math.nan, math.inf]) == b"[null,null]"


def test_result_without_json_form_is_the_handlers_fault():
    cycle: list[object] = []
    cycle.append(cycle)
    for value in (object(), [b"\xff"], cycle, "\ud800", ["\ud800"]):
        with pytest.raises((TypeError, ValueError)):
            JsonCodec(Any).encode(value)


def test_error_is_told_as_a_problem_document():
    codec = JsonCodec(Order)
    with pytest.raises(DecodeError) as caught:
        codec.decode(b"{}")
    assert json.loads(codec.encode_error(caught.value)) == caught.value.problem()


@given(st.binary())
def test_any_bytes_are_a_value_or_a_decode_error(message):
    status = None
    try:
        JsonCodec(Any).decode(message)
    except DecodeError as error:
        status = error.status
    assert status in (None, 400)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    max_leaves=20,
)


@given(st.lists(JSON) | st.dictionaries(st.text(), JSON))
def test_round_trip(value):
    codec = JsonCodec(Any)
    assert codec.decode(codec.encode(value)) == value
