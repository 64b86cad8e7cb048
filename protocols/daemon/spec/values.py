"""Durations, sizes and rates as people write them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from protocols.daemon.spec.sentences import described

_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_NUMBER = r"[0-9]{1,9}(\.[0-9]{1,3})?"
_DURATION = "^(?=.)" + "".join(f"({_NUMBER}{unit})?" for unit in _SECONDS) + "$"
_BYTES = {
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}
_PERIODS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_RATE = rf"^[1-9][0-9]{{0,8}}/({'|'.join(_PERIODS)})$"
_SIZE = rf"^[0-9]{{1,15}}({'|'.join(_BYTES)})?$"


class Duration(float):
    """Seconds, written as ``10s``, ``500ms``, ``5m``, ``2h``, ``7d`` or ``1h30m``."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `text`.  Raises :class:`ValueError`."""
        if not re.fullmatch(_DURATION, text):
            raise ValueError(_duration_help(text))
        parts = re.findall(rf"({_NUMBER})(ms|[dhms])", text)
        duration = cls(sum(float(number) * _SECONDS[unit] for number, _, unit in parts))
        duration.text = text
        return duration

    def __str__(self) -> str:
        return self.text if hasattr(self, "text") else f"{float(self):g}s"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate)

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            unit = f'; write the unit: "{value}s" for seconds' if _is_number(value) and value >= 0 else ""
            raise _wrong(f"a duration such as 10s, 500ms or 5m is expected, not {described(value)}{unit}")
        try:
            return cls.parse(value)
        except ValueError as error:
            raise _wrong(str(error)) from error

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": _DURATION, "examples": ["10s", "500ms", "1h30m"]}


class Size(int):
    """Bytes, written as ``64KiB``, ``1MB`` or a plain number."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `text`.  Raises :class:`ValueError`."""
        match = re.fullmatch(r"([0-9]{1,15})([A-Za-z]*)", text)
        if match is None:
            raise ValueError(f"{described(text)} is not a size such as 512, 64KiB or 1MB")
        unit = match[2] or "B"
        if unit not in _BYTES:
            raise ValueError(f"{described(text)}: {_unit_help(unit)}")
        size = cls(int(match[1]) * _BYTES[unit])
        size.text = text
        return size

    def __str__(self) -> str:
        return self.text if hasattr(self, "text") else int.__repr__(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate)

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise _wrong(f"a size such as 512, 64KiB or 1MB is expected, not {described(value)}")
        try:
            return cls.parse(str(value))
        except ValueError as error:
            raise _wrong(str(error)) from error

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        text = {"type": "string", "pattern": _SIZE, "examples": ["64KiB", "1MB"]}
        return {"anyOf": [{"type": "integer", "minimum": 0}, text]}


class Rate(float):
    """How often a second, written as ``50/s``, ``10/m``, ``1000/h`` or ``5000/d``."""

    text: str
    times: int
    """How often in the period that was written: what may come at once unless something else is said."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `text`.  Raises :class:`ValueError`."""
        times, _, period = text.partition("/")
        if not re.fullmatch(_RATE, text):
            raise ValueError(f"{described(text)} is not a rate such as 50/s, 10/m, 1000/h or 5000/d")
        rate = cls(int(times) / _PERIODS[period])
        rate.text, rate.times = text, int(times)
        return rate

    def __str__(self) -> str:
        return self.text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate)

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            unit = f'; write the period: "{value}/s" for each second' if _is_number(value) else ""
            raise _wrong(f"a rate such as 50/s or 10/m is expected, not {described(value)}{unit}")
        try:
            return cls.parse(value)
        except ValueError as error:
            raise _wrong(str(error)) from error

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": _RATE, "examples": ["50/s", "10/m"]}


def _positive(value: float) -> float:
    if value <= 0:
        raise _wrong("must be more than 0")
    return value


PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
"""A duration that is not zero."""
PositiveSize = Annotated[Size, AfterValidator(_positive)]
"""A size that is not zero."""


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("wrong_value", "{problem}", {"problem": text})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _duration_help(text: str) -> str:
    if re.fullmatch(_NUMBER, text):
        return f"{described(text)} has no unit; known units: d, h, m, s, ms"
    return f"{described(text)} is not a duration such as 10s, 500ms, 5m, 2h, 7d or 1h30m"


def _unit_help(unit: str) -> str:
    known = f"the unit {unit} is not known; known units: {', '.join(_BYTES)}"
    by_letters = {name.lower(): name for name in _BYTES} | {"k": "KiB", "m": "MiB", "g": "GiB"}
    guess = by_letters.get(unit.lower())
    return f"{known}; did you mean {guess}?" if guess else known
