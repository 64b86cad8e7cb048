"""Pickles that are to be read: what Python 2 and 3 write for plain data."""

import pickle
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.codec.plain_pickle import loads

PROTOCOLS = range(6)
ZONE = timezone(timedelta(hours=5, minutes=30), "IST")
VALUES = [
    None,
    True,
    False,
    0,
    255,
    65535,
    -1,
    2**31,
    -(2**63),
    2**2000,
    0.5,
    float("inf"),
    1 + 2j,
    "",
    "é\n\\u0041\ud800",
    b"",
    b"\x00\xff" * 200,
    bytearray(),
    bytearray(b"\x00\xff"),
    [],
    (),
    {},
    set(),
    frozenset(),
    (1,),
    (1, 2),
    (1, 2, 3),
    (1, 2, 3, 4),
    {1, "a", (2, 3)},
    frozenset({1, frozenset({2})}),
    {"a": [1, {"b": None}], 2: {3}, (4, 5): b"6"},
    list(range(3000)),
    {number: str(number) for number in range(3000)},
    date(2024, 2, 29),
    time(23, 59, 59, 999999),
    time(1, 2, tzinfo=ZONE),
    datetime(2024, 2, 29, 23, 59, 59, 999999),
    datetime(2024, 2, 29, tzinfo=UTC),
    datetime(2024, 2, 29, tzinfo=ZONE),
    timedelta(days=-3, microseconds=5),
    UTC,
    ZONE,
    Decimal("1.50"),
    Decimal("-Infinity"),
    uuid.UUID(int=5),
    uuid.uuid1(),
    "x" * 100_000,
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_reads_what_python_writes(value, protocol):
    assert loads(pickle.dumps(value, protocol)) == value


def typed(value):
    """`value` with its types spelt out, since True == 1 == 1.0."""
    if isinstance(value, list | tuple):
        return type(value), tuple(map(typed, value))
    if isinstance(value, dict):
        return dict, frozenset((typed(key), typed(item)) for key, item in value.items())
    if isinstance(value, set | frozenset):
        return type(value), frozenset(map(typed, value))
    return type(value), repr(value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_agrees_with_pickle(plain_data, protocol):
    @given(plain_data)
    def agrees(value):
        message = pickle.dumps(value, protocol)
        read = loads(message)
        assert read == pickle.loads(message) == value
        assert typed(read) == typed(pickle.loads(message))

    agrees()


@pytest.mark.parametrize("protocol", [4, 5])
def test_fold_is_kept(protocol):
    for value in (datetime(2024, 1, 2, fold=1), time(1, fold=1)):
        assert loads(pickle.dumps(value, protocol)).fold == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_safety_of_a_uuid_is_kept(protocol):
    value = uuid.UUID(int=1, is_safe=uuid.SafeUUID.safe)
    assert loads(pickle.dumps(value, protocol)).is_safe is uuid.SafeUUID.safe


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_shared_objects_stay_shared(protocol):
    shared, identifier = [1], uuid.UUID(int=7)
    first, second, *identifiers = loads(pickle.dumps([shared, shared, identifier, identifier], protocol))
    assert first is second
    assert identifiers == [identifier, identifier]


@given(st.floats())
def test_every_float_is_read_bit_by_bit(number):
    for protocol in PROTOCOLS:
        assert repr(loads(pickle.dumps(number, protocol))) == repr(number)


def test_nan_decimal():
    assert loads(pickle.dumps(Decimal("NaN"))).is_nan()


def test_memo_optimised_away_and_pickler_without_memo():
    assert loads(b"]q\x00.") == []
    assert loads(b"(lp0\nI1\naI2\na.") == [1, 2]


def test_pop_and_dup():
    assert loads(b"N0I1\n.") == 1
    assert loads(b"N(I1\n1.") is None
    assert loads(b"N(0I1\n0.") is None
    assert loads(b"I5\n2\x86.") == (5, 5)


class TestPython2:
    def test_metrics_of_carbon_with_protocol_2(self):
        message = (
            b"\x80\x02]q\x00(U\x08sys.loadq\x01J\xd2\x02\x96IG?\xf0\x00\x00\x00\x00\x00\x00"
            b"\x86q\x02\x86q\x03U\x07sys.memq\x04J\xd3\x02\x96IK\x05\x86q\x05\x86q\x06e."
        )
        assert loads(message) == pickle.loads(message)
        assert loads(message) == [
            ("sys.load", (1234567890, 1.0)),
            ("sys.mem", (1234567891, 5)),
        ]

    def test_metrics_of_carbon_with_protocol_0(self):
        message = b"(lp0\n(S'sys.load'\np1\n(I1234567890\nF1.5\ntp2\ntp3\na."
        assert loads(message) == [("sys.load", (1234567890, 1.5))]

    @pytest.mark.parametrize(
        ("message", "value"),
        [
            (b"U\x02\xc3\xa9.", "é"),
            (b"U\x02\xff\xfe.", b"\xff\xfe"),
            (b"T\x02\x00\x00\x00ab.", "ab"),
            (b"S'a\\'b\\\\c\\x41\\n\\t\\r\"'\n.", "a'b\\cA\n\t\r\""),
            (b'S"it\'s"\n.', "it's"),
            (b"S'\\xff'\n.", b"\xff"),
            (b"L5L\n.", 5),
            (b"I01\n.", True),
            (b"I00\n.", False),
        ],
    )
    def test_strings_and_numbers(self, message, value):
        read = loads(message)
        assert (read, type(read)) == (value, type(value))

    def test_datetime_whose_state_is_a_string(self):
        for octets in (
            b"\x07\xe8\x02\x1d\x17\x3b\x3b\x00\x00\x01",
            b"\x07\x60\x02\x01" + b"\x00" * 6,
        ):
            message = b"cdatetime\ndatetime\nU\x0a" + octets + b"\x85R."
            assert loads(message) == pickle.loads(message, encoding="latin1")

    def test_bytearray(self):
        message = b"c__builtin__\nbytearray\nX\x02\x00\x00\x00\xc3\xbfX\x07\x00\x00\x00latin-1\x86R."
        assert loads(message) == bytearray(b"\xff")
