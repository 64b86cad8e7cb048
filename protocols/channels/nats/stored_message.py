"""What a message looks like in NATS.

``Nats-Msg-Id`` is its id, ``Content-Type`` its media type, and ``Polyport-Sender`` who published it.  Its
other headers stand as they are where NATS can hold them, and else all together in ``Polyport-Headers``, as
JSON.  A value that NATS would not keep as it is stands as a string of JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import uuid4

from protocols.channels.message import Entry, Headers, Message
from protocols.channels.nats.subjects import Subjects

if TYPE_CHECKING:
    from nats.aio.msg import Msg

ID: Final = "Nats-Msg-Id"
TYPE: Final = "Content-Type"
SENDER: Final = "Polyport-Sender"
KEY: Final = "Polyport-Key"
HEADERS: Final = "Polyport-Headers"

NO_ID: Final = "polyport:"
"""What ids begin with that no publisher has given: they make a message that is sent again be stored once."""

RESERVED: Final = ("nats-", "polyport-")
OURS: Final = frozenset({"content-type", "status", "description"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)

ACK: Final = "$JS.ACK."
"""What the reply subject of a message out of a stream begins with."""


class Delivery(NamedTuple):
    """How a message came out of a stream, which its reply subject tells (NATS, ADR-15)."""

    tries: int
    seq: int
    place: int
    """Its number among what this consumer was given."""
    time: int
    """When it was stored, in milliseconds since the epoch."""
    left: int
    """How many the consumer has yet to be given."""

    @classmethod
    def of(cls, reply: str) -> Delivery:
        """What `reply` tells, which begins with :data:`ACK`."""
        tokens = reply.split(".")
        tries, seq, place, time, left = tokens[4:9] if len(tokens) == 9 else tokens[6:11]
        return cls(int(tries), int(seq), int(place), int(time) // 1_000_000, int(left))


def headers_of(entry: Entry, subjects: Subjects) -> dict[str, str]:
    """The headers of `entry`; those of one without an id get one that is nobody's."""
    found = {ID: as_value(entry.id) if entry.id else NO_ID + uuid4().hex}
    if entry.key and not subjects.prefix:
        found[KEY] = as_value(entry.key)
    if entry.sender:
        found[SENDER] = as_value(entry.sender)
    if entry.content_type:
        found[TYPE] = as_value(entry.content_type)
    if entry.headers:
        if _stand_as_they_are(entry.headers):
            found |= dict(entry.headers)
        else:
            found[HEADERS] = json.dumps(entry.headers)
    return found


def size_of(headers: Mapping[str, str]) -> int:
    """Bytes that they take in NATS's protocol, all ASCII as ours are."""
    return len("NATS/1.0\r\n\r\n") + sum(
        [len(name) + len(value) + len(": \r\n") for name, value in headers.items()]
    )


def message_of(stored: Msg, delivery: Delivery, subjects: Subjects) -> Message:
    """What came out of a stream, whoever has published it."""
    body, headers = stored.data, stored.headers
    if not headers:
        return Message(delivery.seq, delivery.time, body, subjects.key(stored.subject))
    key = headers.get(KEY)
    name = headers.get(ID, "")
    return Message(
        delivery.seq,
        delivery.time,
        body,
        subjects.key(stored.subject) if key is None else of_value(key),
        "" if name.startswith(NO_ID) else of_value(name),
        of_value(headers.get(SENDER, "")),
        of_value(headers.get(TYPE, "")),
        _others(headers),
    )


def as_value(text: str) -> str:
    """`text` as something that a header holds."""
    return text if _is_plain(text) and not text.startswith(NO_ID) else json.dumps(text)


def of_value(value: str) -> str:
    """The text that a header of ours holds."""
    if value.startswith('"'):
        try:
            text = json.loads(value)
        except ValueError:
            return value
        return text if isinstance(text, str) else value
    return value


def _is_plain(text: str) -> bool:
    """Whether NATS keeps `text` as it is, and it cannot be taken for JSON."""
    return bool(text) and text.isascii() and text.isprintable() and text.strip() == text and text[0] != '"'


def _stand_as_they_are(headers: Headers) -> bool:
    names = {name.lower() for name, _ in headers}
    return len(names) == len(headers) and all(
        _NAME.fullmatch(name) and not _is_reserved(name) and _is_plain(value) for name, value in headers
    )


def _others(headers: Mapping[str, str]) -> Headers:
    found = tuple((str(name), value) for name, value in headers.items() if not _is_reserved(name))
    packed = headers.get(HEADERS)
    if packed is not None:
        try:
            found += tuple((str(name), str(value)) for name, value in json.loads(packed))
        except (ValueError, TypeError):
            found += ((HEADERS, packed),)
    return found


def _is_reserved(name: str) -> bool:
    lower = name.lower()
    return lower.startswith(RESERVED) or lower in OURS
