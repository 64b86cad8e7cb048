"""What the globals of a pickle stand for here: entries of a table, never Python objects.

A pickle names classes and functions and has them called.  Nothing named is looked up or imported:
a name is looked for in CONSTRUCTORS, whose functions check their arguments and build plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Final
from uuid import UUID, SafeUUID

from protocols.codec.pickle_containers import KeyedContainers, refused
from protocols.codec.pickle_reader import malformed

MAX_DECIMAL_DIGITS: Final = 4300
"""Characters of one Decimal; Python's own bound on integers in text."""

MAX_DECIMAL_EXPONENT: Final = 6176
"""The range of IEEE 754 decimal128.  Nine characters can write a Decimal whose integer fills all
memory, and converting is what validation does."""


@dataclass(frozen=True, slots=True)
class Global:
    """A name in a pickle.  Inert: it has no behaviour, and no value may hold it."""

    module: str
    name: str


class PendingUUID:
    """A UUID between its creation and its state.  Memo entries made in between refer to it."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: UUID | None = None

    def build(self, state: object) -> UUID:
        """Give it the state that ``uuid.UUID.__getstate__`` wrote: ``{"int": …, "is_safe": …}``."""
        if self.value is not None or type(state) is not dict or not state.keys() <= _UUID_STATE:
            raise malformed("the state of a UUID is wrong")
        number, safety = state.get("int"), state.get("is_safe")
        if type(number) is not int or type(safety) not in (int, type(None)):
            raise malformed("the state of a UUID is wrong")
        self.value = UUID(int=number, is_safe=SafeUUID(safety))
        return self.value


_UUID_STATE: Final = {"int", "is_safe"}


class Construction:
    """The calls that one pickle makes.

    Arguments can be shared, so a few octets could copy a long text again and again; the copies of
    all calls together may be as long as the pickle, in which every honest argument is written out.
    """

    def __init__(self, size: int, keyed: KeyedContainers) -> None:
        self._allowance = size
        self.keyed = keyed

    def spend(self, amount: int) -> None:
        """Account for a copy of `amount` octets, characters or items."""
        self._allowance -= amount
        if self._allowance < 0:
            raise refused("it copies more than it holds")

    def call(self, target: object, arguments: object) -> object:
        """What calling `target` makes.  Raises DecodeError for anything but plain data."""
        if type(target) is not Global or type(arguments) is not tuple:
            raise refused("it calls something that is not a known class", "pickle_global")
        constructor = CONSTRUCTORS.get((target.module, target.name))
        if constructor is None:
            raise refused("it calls something that is not plain data", "pickle_global")
        return constructor(self, arguments)


def named(module: object, name: object) -> Global:
    """The marker of a global that some plain value needs; DecodeError for any other."""
    if type(module) is str and type(name) is str:
        if (module, name) in CONSTRUCTORS or (module, name) in _NAMED_ONLY:
            return Global(module, name)
        raise refused("it names a class or function that is not plain data", "pickle_global")
    raise malformed("the name of a class or function is not text")


def _encoded(call: Construction, arguments: tuple[object, ...]) -> bytes:
    """``_codecs.encode(text, "latin1")``: how protocols 0 to 2 write bytes."""
    match arguments:
        case (str(text), "latin1" | "latin-1"):
            call.spend(len(text))
            return text.encode("latin-1")
    raise malformed("encoded bytes are wrong")


def _bytes(call: Construction, arguments: tuple[object, ...]) -> bytes:
    """``bytes()``, and ``bytearray()`` of bytes or of text in Latin-1; always immutable here."""
    match arguments:
        case ():
            return b""
        case (bytes(octets),):
            return octets
    return _encoded(call, arguments)


def _set(call: Construction, arguments: tuple[object, ...]) -> set[object]:
    match arguments:
        case (list(members),):
            call.spend(len(members))
            made: set[object] = set()
            for member in members:
                call.keyed.add(made, member)
            return made
    raise malformed("a set is wrong")


def _frozenset(call: Construction, arguments: tuple[object, ...]) -> frozenset[object]:
    return frozenset(_set(call, arguments))


def _complex(call: Construction, arguments: tuple[object, ...]) -> complex:
    match arguments:
        case (float(real), float(imaginary)):
            return complex(real, imaginary)
    raise malformed("a complex number is wrong")


def _decimal(call: Construction, arguments: tuple[object, ...]) -> Decimal:
    match arguments:
        case (str(text),) if len(text) <= MAX_DECIMAL_DIGITS:
            call.spend(len(text))
            value = Decimal(text)
            # A signalling NaN raises wherever it is compared, validation included.
            if value.is_snan() or (value and abs(value.adjusted()) > MAX_DECIMAL_EXPONENT):
                raise refused("a Decimal is out of range")
            exponent = value.as_tuple().exponent
            if isinstance(exponent, int) and abs(exponent) > 2 * MAX_DECIMAL_EXPONENT:
                raise refused("a Decimal is out of range")
            return value
    raise malformed("a Decimal is wrong")


def _timedelta(call: Construction, arguments: tuple[object, ...]) -> timedelta:
    match arguments:
        case (int(days), int(seconds), int(microseconds)):
            return timedelta(days, seconds, microseconds)
    raise malformed("a timedelta is wrong")


def _timezone(call: Construction, arguments: tuple[object, ...]) -> timezone:
    match arguments:
        case (timedelta() as offset,):
            return timezone(offset)
        case (timedelta() as offset, str(name)):
            return timezone(offset, name)
    raise malformed("a timezone is wrong")


def _date(call: Construction, arguments: tuple[object, ...]) -> date:
    (state, _) = _clock_state(arguments, 4)
    return date(int.from_bytes(state[:2], "big"), state[2], state[3])


def _time(call: Construction, arguments: tuple[object, ...]) -> time:
    (state, zone) = _clock_state(arguments, 6)
    # The highest bit of the first field that has room for it is the fold (PEP 495).
    fold, hour = divmod(state[0], 0x80)
    microsecond = int.from_bytes(state[3:], "big")
    return time(hour, state[1], state[2], microsecond, zone, fold=fold)


def _datetime(call: Construction, arguments: tuple[object, ...]) -> datetime:
    (state, zone) = _clock_state(arguments, 10)
    fold, month = divmod(state[2], 0x80)
    year, microsecond = int.from_bytes(state[:2], "big"), int.from_bytes(state[7:], "big")
    day, hour, minute, second = state[3:7]
    return datetime(year, month, day, hour, minute, second, microsecond, zone, fold=fold)


def _clock_state(arguments: tuple[object, ...], length: int) -> tuple[bytes, timezone | None]:
    """The packed fields of a date or time, and its zone.

    The classes themselves would take the fields unchecked; ours go through their checks.
    """
    match arguments:
        case (bytes() | str() as state,):
            zone = None
        case (bytes() | str() as state, timezone() | None as zone):
            pass
        case _:
            raise malformed("a date or time is wrong")
    # Python 2 wrote the fields as a string, which may have happened to be UTF-8.
    packed = state.encode() if isinstance(state, str) and len(state) <= length else state
    if not isinstance(packed, bytes) or len(packed) != length:
        raise malformed("a date or time is wrong")
    return packed, zone


def _reconstructed(call: Construction, arguments: tuple[object, ...]) -> PendingUUID:
    """``copyreg._reconstructor(UUID, object, None)``: how protocols 0 and 1 create a UUID."""
    match arguments:
        case (Global() as cls, Global() as parent, None):
            if parent.name == "object" and (cls.module, cls.name) == ("uuid", "UUID"):
                return PendingUUID()
    raise refused("it creates an object that is not plain data", "pickle_global")


Constructor = Callable[[Construction, tuple[object, ...]], object]

_BUILTINS: Final[Mapping[str, Constructor]] = {
    "bytes": _bytes,
    "bytearray": _bytes,
    "complex": _complex,
    "frozenset": _frozenset,
    "set": _set,
}

CONSTRUCTORS: Final[Mapping[tuple[str, str], Constructor]] = {
    **{("builtins", name): constructor for name, constructor in _BUILTINS.items()},
    **{("__builtin__", name): constructor for name, constructor in _BUILTINS.items()},
    ("_codecs", "encode"): _encoded,
    ("copyreg", "_reconstructor"): _reconstructed,
    ("copy_reg", "_reconstructor"): _reconstructed,
    ("datetime", "date"): _date,
    ("datetime", "datetime"): _datetime,
    ("datetime", "time"): _time,
    ("datetime", "timedelta"): _timedelta,
    ("datetime", "timezone"): _timezone,
    ("decimal", "Decimal"): _decimal,
}
"""The calls that pickles of plain data make, under the names of Python 2 and Python 3."""

_NAMED_ONLY: Final = frozenset({("uuid", "UUID"), ("builtins", "object"), ("__builtin__", "object")})
"""Globals that plain data passes as arguments, and that cannot be called."""
