"""Pickles of plain data, for Python peers that speak nothing else."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from pydantic import BaseModel

from protocols.codec.contract import DecodeError
from protocols.codec.octets import as_is
from protocols.codec.pickle_constructors import MAX_DECIMAL_EXPONENT
from protocols.codec.pickle_reader import MAX_INTEGER_OCTETS
from protocols.codec.plain_pickle import loads
from protocols.codec.plain_value import SCALARS, VALUE, check
from protocols.codec.validation import python_validator

WRITTEN_PROTOCOL: Final = 2
"""The newest protocol that Python 2 peers read."""


class PickleCodec:
    """Messages are pickles of plain data, validated against an annotation.

    Reading runs nothing and imports nothing that a peer names; see
    :mod:`protocols.codec.plain_pickle`.
    """

    __slots__ = ("_validate",)

    name = "pickle"
    content_type = "application/x-python-pickle"

    def __init__(self, annotation: object) -> None:
        plain = annotation is Any or annotation is object
        self._validate = None if plain else python_validator(annotation)

    def decode(self, message: bytes) -> object:
        value = loads(message)
        return value if self._validate is None else self._validate(value)

    def encode(self, value: object) -> bytes:
        octets = as_is(value)
        return encode_pickle(value) if octets is None else octets

    def encode_error(self, error: DecodeError) -> bytes | None:
        return encode_pickle(error.problem())


def encode_pickle(value: object) -> bytes:
    """`value` as a pickle of plain data (protocol 2), with models and dataclasses as dicts.

    Raises :class:`TypeError` for what is not plain data, and :class:`ValueError` for what is too
    large, too deep or cyclic, so that whatever is sent can be read by :func:`loads` as well.
    """
    plain = _plain(value, VALUE.depth)
    check(plain, VALUE)
    return pickle.dumps(plain, WRITTEN_PROTOCOL)


def _plain(value: object, depth: int) -> object:
    """`value` in exact plain types."""
    if isinstance(value, Enum):
        value = value.value
    elif isinstance(value, bytearray):
        value = bytes(value)
    if type(value) in SCALARS:
        return _plain_scalar(value)
    for kind, convert in _SUBCLASSES:
        if isinstance(value, kind):
            return value if type(value) is kind else _plain_scalar(convert(value))
    if depth == 0:
        raise ValueError(f"the result is nested deeper than {VALUE.depth} or holds itself")
    return _plain_container(value, depth - 1)


def _plain_scalar(value: object) -> object:
    if isinstance(value, int) and value.bit_length() >= 8 * MAX_INTEGER_OCTETS:
        raise ValueError(f"an integer in the result has more than {MAX_INTEGER_OCTETS} octets")
    if isinstance(value, Decimal) and (
        value.is_snan() or (value.is_finite() and abs(value.adjusted()) > MAX_DECIMAL_EXPONENT)
    ):
        raise ValueError("a Decimal in the result is out of range")
    if isinstance(value, datetime):
        return _with_fixed_offset(value)
    return value


def _with_fixed_offset(moment: datetime) -> datetime:
    """The same moment, with the plain zone that its own zone amounts to then."""
    offset: timedelta | None = moment.utcoffset()
    if offset is None or type(moment.tzinfo) is timezone:
        return moment
    return moment.replace(tzinfo=timezone(offset))


def _plain_container(value: object, depth: int) -> object:
    if isinstance(value, BaseModel):
        value = value.model_dump(by_alias=True)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {_plain(key, depth): _plain(item, depth) for key, item in value.items()}
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return kind(_plain(item, depth) for item in value)
    raise TypeError(f"a {type(value).__name__} in the result is not plain data")


_SUBCLASSES: Final[tuple[tuple[type, Callable[[Any], object]], ...]] = (
    (str, str.__str__),
    (bytes, bytes),
    (int, int),
    (float, float),
)
"""Texts, and numbers of derived classes, with what makes the exact type of them."""
