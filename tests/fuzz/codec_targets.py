"""Messages of types, and of none."""

from __future__ import annotations

import datetime
import decimal
import json
import pickle
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgpack

from protocols.codec import DecodeError
from protocols.codec.plain_pickle import loads
from protocols.codec.table import CODECS


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Order:
    """What many functions take."""

    item: str
    quantity: int
    price: decimal.Decimal = decimal.Decimal(1)
    colours: tuple[Colour, ...] = ()
    notes: dict[str, str] | None = None


VALUES: list[Any] = [
    {"item": "tea", "quantity": 2, "price": "1.50", "colours": ["red"], "notes": {"a": "b"}},
    {"item": "tea", "quantity": "two", "more": [None, True, 1.5, "é", [], {}]},
    [1, [2, [3, [4]]], {"a": {"b": {"c": []}}}],
    "text",
    2**63 - 1,
]
RICH: list[Any] = [
    *VALUES,
    {1, 2, frozenset({3})},
    uuid.UUID(int=5),
    decimal.Decimal("1.5e10"),
    datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
    datetime.timedelta(1, 2, 3),
    bytearray(b"abc"),
    1 + 2j,
    Colour.RED,
    Order("tea", 2),
]


def _pickles() -> list[bytes]:
    return [pickle.dumps(value, protocol) for value in RICH for protocol in range(6)]


def _check(name: str, annotation: Any) -> Callable[[list[bytes]], str]:
    codec = CODECS[name](annotation)

    def check(pieces: list[bytes]) -> str:
        try:
            value = codec.decode(b"".join(pieces))
        except DecodeError as error:
            return _refused(error, codec.encode_error(error))
        assert annotation is not Order or isinstance(value, Order)
        return "read"

    return check


def _unpickle(pieces: list[bytes]) -> str:
    try:
        loads(b"".join(pieces))
    except DecodeError as error:
        return _refused(error)
    return "read"


def _refused(error: DecodeError, told: bytes | None = None) -> str:
    """What is said of a message that is none, by the codec's own words too."""
    assert error.status in (400, 422)
    assert error.errors
    assert told is None or b"Traceback" not in told
    json.dumps(error.problem())
    return str(error.status)


_JSON = [json.dumps(value).encode() for value in VALUES]
_MSGPACK = [msgpack.packb(value) for value in VALUES]
_JSON_TOKENS = [
    b"{",
    b"[",
    b"[" * 300,
    b'"',
    b"\\u",
    b"\\ud800",
    b"1e999",
    b"-",
    b"NaN",
    b"\xff",
    b"null",
    b"9" * 5000,
]
_MSGPACK_TOKENS = [
    b"\xc1",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\0\1\0\0",
    b"\xc7\x0c\xff",
    b"\xd6\xff",
    b"\xcf",
    b"\x91" * 300,
]
_PICKLE_TOKENS = [
    *(
        b"\x80\x05",
        b"\x95",
        b"(",
        b".",
        b"0",
        b"2",
        b"1",
        b"R",
        b"\x81",
        b"\x92",
        b"\x93",
        b"b",
        b"\x94",
        b"t",
        b"\x85",
    ),
    *(
        b"cbuiltins\neval\n",
        b"cos\nsystem\n",
        b"\x8c\x02os",
        b"h\0",
        b"j\xff\xff\xff\xff",
        b"Q",
        b"P0\n",
        b"]",
        b"}",
        b"a",
    ),
    *(
        b"u",
        b"e",
        b"s",
        b"I01\n",
        b"L99999L\n",
        b"\x8b\xff\xff\xff\x7f",
        b"F1e999\n",
        b"S'a'\n",
        b"V\\u0041\n",
        b"\x97",
    ),
    *(
        b"cdatetime\ndatetime\n",
        b"cdecimal\nDecimal\n",
        b"cuuid\nUUID\n",
        b"c__builtin__\nset\n",
        b"ccopyreg\n_reconstructor\n",
    ),
]

CODEC_TARGETS: list[tuple[Any, ...]] = [
    ("json", _JSON, _JSON_TOKENS, _check("json", Any)),
    ("json-typed", _JSON, _JSON_TOKENS, _check("json", Order)),
    ("msgpack", _MSGPACK, _MSGPACK_TOKENS, _check("msgpack", Any)),
    ("msgpack-typed", _MSGPACK, _MSGPACK_TOKENS, _check("msgpack", Order)),
    ("text", [b"text", "ünïcödé".encode()], [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\0"], _check("text", str)),
    ("pickle", _pickles(), _PICKLE_TOKENS, _unpickle),
    ("pickle-typed", _pickles(), _PICKLE_TOKENS, _check("pickle", Order)),
]
