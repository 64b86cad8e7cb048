import pickle
import pickletools
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from pydantic import BaseModel

from protocols.codec import DecodeError
from protocols.codec.pickle_codec import PickleCodec
from protocols.codec.plain_pickle import loads


class Order(BaseModel):
    item: str
    quantity: int


@dataclass
class Basket:
    orders: list[Order]


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Shout(str):
    __slots__ = ()


Point = namedtuple("Point", "x y")


def test_typed_message_is_validated():
    codec = PickleCodec(list[tuple[str, tuple[int, float]]])
    assert codec.decode(pickle.dumps([("a.b", (1, "2.5"))], 2)) == [("a.b", (1, 2.5))]
    with pytest.raises(DecodeError) as caught:
        codec.decode(pickle.dumps([("a.b", ("x", 2.5))]))
    assert (caught.value.status, caught.value.errors[0].path) == (422, "/0/1/0")


def test_untyped_message_comes_as_it_is():
    assert PickleCodec(Any).decode(pickle.dumps({1: (2,)})) == {1: (2,)}


def test_what_is_not_a_pickle_is_malformed():
    with pytest.raises(DecodeError) as caught:
        PickleCodec(Any).decode(b"hello\n")
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (Order(item="a", quantity=2), {"item": "a", "quantity": 2}),
        (Basket([Order(item="a", quantity=2)]), {"orders": [{"item": "a", "quantity": 2}]}),
        (OrderedDict(a=1), {"a": 1}),
        (Point(1, 2), (1, 2)),
        ([Colour.RED, Level.HIGH, Shout("a")], ["red", 3, "a"]),
        ([bytearray(b"a")], [b"a"]),
        ({1, 2}, {1, 2}),
        (
            datetime(2024, 7, 1, tzinfo=ZoneInfo("Europe/Paris")),
            datetime(2024, 7, 1, tzinfo=timezone(timedelta(hours=2))),
        ),
        ([datetime(2024, 7, 1, tzinfo=UTC)], [datetime(2024, 7, 1, tzinfo=UTC)]),
    ],
)
def test_result_is_reduced_to_plain_data(value, plain):
    message = PickleCodec(Any).encode(value)
    assert pickle.loads(message) == loads(message) == plain


def test_nothing_newer_than_protocol_2_is_written():
    message = PickleCodec(Any).encode([b"a", {1}, Decimal(1), Level.HIGH, {"a": 1.5}])
    assert max(opcode.proto for opcode, _, _ in pickletools.genops(message)) == 2


@pytest.mark.parametrize(
    "value",
    [
        object(),
        [object()],
        len,
        Order,
        [1, 2].__iter__(),
        10**5000,
        Decimal("1E+99999"),
        Decimal("sNaN"),
        ["x" * 1_000_000] * 70,
    ],
    ids=lambda value: type(value).__name__,
)
def test_result_that_is_not_plain_is_the_handlers_fault(value):
    with pytest.raises((TypeError, ValueError)):
        PickleCodec(Any).encode(value)


def test_result_that_holds_itself_is_the_handlers_fault():
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="holds itself"):
        PickleCodec(Any).encode(cycle)


def test_what_is_sent_can_be_read(plain_data):
    codec = PickleCodec(Any)

    @given(plain_data)
    def round_trip(value):
        if not isinstance(value, str | bytes):
            assert codec.decode(codec.encode(value)) == value

    round_trip()


def test_bytes_and_text_go_out_as_they_are():
    assert PickleCodec(Any).encode(b"\xff") == b"\xff"
    assert PickleCodec(Any).encode("é") == b"\xc3\xa9"


def test_error_is_told_as_a_problem_document():
    codec = PickleCodec(int)
    with pytest.raises(DecodeError) as caught:
        codec.decode(pickle.dumps([]))
    assert pickle.loads(codec.encode_error(caught.value)) == caught.value.problem()
