"""What two ends of a link say to each other: one JSON object a line.

Either end calls methods of the other, under numbers of its own choice:

==================================== =====================================================================
the caller says                      that is
==================================== =====================================================================
``{"id":7,"do":"drain","with":{…}}`` a call; ``"descriptors":2`` too, if two come along
``{"id":7,"stop":true}``             no more items, please
==================================== =====================================================================

==================================== =====================================================================
the called says                      that is
==================================== =====================================================================
``{"id":7,"answer":…}``              the result
``{"id":7,"problem":"…"}``           why there is none, or no more items
``{"id":7,"item":…}``                one of many results
``{"id":7,"end":true}``              there are no more
==================================== =====================================================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

LINE = 32 * 1024 * 1024
"""Bytes of one line at most: room for a list of a hundred thousand connections, and an end of what an end
that has lost its mind can make the other keep."""

DESCRIPTORS = 256
"""Descriptors that come with one call at most.  More sockets than that are handed over in several calls; the
kernel keeps those that are under way on the sender's account."""


class WireError(Exception):
    """What came is none of the messages, or what is to be sent cannot be one; the text says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """The method `do` is to be called."""

    id: int
    do: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    descriptors: int = 0
    """How many come along."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The caller wants no more items."""

    id: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The result."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no result, or are no more items."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """One of many results."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class End:
    """There are no more items."""

    id: int


Reply: TypeAlias = Answer | Problem | Item | End
"""What the called says."""

Message: TypeAlias = Call | Stop | Reply


def encode(message: Message) -> bytes:
    """`message` as a line, with its ending: at least as many bytes as it has descriptors.

    Raises :class:`WireError` for what JSON cannot say, and for a line that is longer than :data:`LINE`.
    """
    try:
        line = json.dumps(_fields(message), allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError(f"JSON cannot say it: {error}") from error
    if len(line) > LINE:
        raise WireError(f"it is longer than the {LINE} bytes that a line may have")
    if isinstance(message, Call):
        if message.descriptors > DESCRIPTORS:
            raise WireError(f"a call may come with {DESCRIPTORS} descriptors at most")
        line = line.ljust(message.descriptors)
    return line + b"\n"


def _fields(message: Message) -> dict[str, Any]:
    match message:
        case Call():
            fields = {"id": message.id, "do": message.do, "with": dict(message.arguments)}
            return fields | ({"descriptors": message.descriptors} if message.descriptors else {})
        case Stop():
            return {"id": message.id, "stop": True}
        case Answer():
            return {"id": message.id, "answer": message.value}
        case Problem():
            return {"id": message.id, "problem": message.text}
        case Item():
            return {"id": message.id, "item": message.value}
        case End():
            return {"id": message.id, "end": True}


def decode(line: bytes) -> Message:
    """What `line`, without its ending, says.

    Keys that nobody knows are passed over: a newer end may send them.  Raises :class:`WireError`.
    """
    try:
        fields = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise WireError(f"a line is not JSON: {error}") from error
    if not isinstance(fields, dict) or not _is_number(fields.get("id")):
        raise WireError('a line is not an object with an "id"')
    number = fields["id"]
    if "do" in fields:
        return _call(number, fields)
    if isinstance(fields.get("problem"), str):
        return Problem(number, fields["problem"])
    if "answer" in fields:
        return Answer(number, fields["answer"])
    if "item" in fields:
        return Item(number, fields["item"])
    if fields.get("stop") is True:
        return Stop(number)
    if fields.get("end") is True:
        return End(number)
    raise WireError("a line says nothing that is known here")


def _call(number: int, fields: Mapping[str, Any]) -> Call:
    do, arguments, descriptors = fields["do"], fields.get("with", {}), fields.get("descriptors", 0)
    if not isinstance(do, str) or not isinstance(arguments, dict):
        raise WireError("a call does not name a method and its arguments")
    if not _is_number(descriptors) or descriptors > DESCRIPTORS:
        raise WireError(f"a call may come with {DESCRIPTORS} descriptors at most")
    return Call(number, do, arguments, descriptors)


def _is_number(value: object) -> bool:
    return type(value) is int and value >= 0


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
