from collections import deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from protocols.codec import DecodeError
from protocols.codec.msgpack_codec import MAX_ITEMS, MsgpackCodec

MOMENT = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)


class Reading(BaseModel):
    sensor: UUID
    value: Decimal
    raw: bytes


@dataclass
class Batch:
    readings: list[Reading]
    tags: frozenset[str]


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xc1",
        b"\x92\x01",
        b"\x01\x02",
        b"\xa2\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xffabc",
        b"\xc6\xff\xff\xff\xffabc",
        b"\x91" * 100_000 + b"\x01",
        b"\x81" * 100_000 + b"\x01",
        b"\xdd\x00\x00\x80\x00" * 20_000,
        b"\x81\x90\x01",
        b"\x81\x80\x01",
        b"\xd4\x05\x00",
        b"\xc7\x0d\xff" + b"\x00" * 13,
        b"\xc7\x0c\xff\xff\xff\xff\xff" + b"\x7f" * 8,
        msgpack.packb([0] * (MAX_ITEMS + 1)),
    ],
)
def test_what_is_not_one_plain_object_is_malformed(message):
    with pytest.raises(DecodeError) as caught:
        MsgpackCodec(Any).decode(message)
    assert (caught.value.status, caught.value.errors[0].kind) == (400, "msgpack_invalid")
    assert caught.value.__suppress_context__


def test_wrong_shape_is_invalid():
    with pytest.raises(DecodeError) as caught:
        MsgpackCodec(Reading).decode(msgpack.packb({"sensor": "x", "value": "1", "raw": b""}))
    assert caught.value.status == 422
    assert caught.value.errors[0].path == "/sensor"


def test_timestamp_is_an_aware_datetime_both_ways():
    codec = MsgpackCodec(datetime)
    assert codec.decode(codec.encode(MOMENT)) == MOMENT
    assert codec.decode(msgpack.packb(msgpack.Timestamp.from_datetime(MOMENT))) == MOMENT


def test_integer_keys_are_read():
    assert MsgpackCodec(dict[int, str]).decode(msgpack.packb({1: "a"})) == {1: "a"}


def test_typed_value_round_trip():
    batch = Batch([Reading(sensor=UUID(int=1), value=Decimal("1.5"), raw=b"\xff")], frozenset("a"))
    codec = MsgpackCodec(Batch)
    assert codec.decode(codec.encode(batch)) == batch


@pytest.mark.parametrize(
    ("value", "packed"),
    [
        ([b"\xff"], [b"\xff"]),
        ([Decimal("1.50")], ["1.50"]),
        ([UUID(int=5)], ["00000000-0000-0000-0000-000000000005"]),
        ([datetime(2024, 1, 2)], ["2024-01-02T00:00:00"]),
        ([date(2024, 1, 2)], ["2024-01-02"]),
        ([timedelta(seconds=90)], ["PT1M30S"]),
        ([{1}], [[1]]),
        ([deque([1])], [[1]]),
        (MappingProxyType({"a": 1}), {"a": 1}),
        ([Colour.RED], ["red"]),
        ((1, 2), [1, 2]),
        (None, None),
    ],
)
def test_values_without_a_msgpack_type(value, packed):
    assert msgpack.unpackb(MsgpackCodec(Any).encode(value)) == packed


def test_zoned_datetime_is_a_timestamp():
    zoned = MOMENT.astimezone(timezone(timedelta(hours=5)))
    assert msgpack.unpackb(MsgpackCodec(Any).encode([zoned]), timestamp=3) == [MOMENT]


def test_bytes_and_text_go_out_as_they_are():
    assert MsgpackCodec(Any).encode(b"\xff") == b"\xff"
    assert MsgpackCodec(Any).encode("é") == b"\xc3\xa9"


def test_result_without_form_is_the_handlers_fault():
    cycle: list[object] = []
    cycle.append(cycle)
    for value in (object(), 2**64, cycle, ["\ud800"]):
        with pytest.raises((TypeError, ValueError)):
            MsgpackCodec(Any).encode(value)


def test_error_is_told_as_a_problem_document():
    codec = MsgpackCodec(int)
    with pytest.raises(DecodeError) as caught:
        codec.decode(b"\x90")
    assert msgpack.unpackb(codec.encode_error(caught.value)) == caught.value.problem()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_decode_error(message):
    status = None
    try:
        MsgpackCodec(Any).decode(message)
    except DecodeError as error:
        status = error.status
    assert status in (None, 400)
