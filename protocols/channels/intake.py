"""What a channel takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from protocols.channels.errors import RefusedError, TooLargeError
from protocols.channels.message import Entry
from protocols.channels.message_json import is_json
from protocols.channels.settings import MESSAGE
from protocols.codec import Codec

NAME: Final = 256
"""Characters of a key, of an id and of a content type: they are names."""

KeyOf: TypeAlias = Callable[[Entry, object], str]
"""From an entry, and its value in a typed channel, to the key it gets."""


class Intake:
    """Looks at what is published before it gets its place.

    :param codec: reads the bodies of a typed channel, and says what is wrong with them.
    :param key_of: names the key of an entry that comes without one.
    :param most: bytes of a body.
    """

    def __init__(
        self, *, codec: Codec | None = None, key_of: KeyOf | None = None, most: int = MESSAGE
    ) -> None:
        self._codec = codec
        self._takes_json = codec is not None and is_json(codec.content_type)
        self._key_of = key_of
        self._most = most
        self._takes_all = codec is None and key_of is None

    def check_all(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """`entries`, each as :meth:`check` has it."""
        if self._takes_all:
            most = self._most
            for body, key, name, _, content_type, _ in entries:
                if key or name or content_type or len(body) > most:
                    break
            else:
                return entries
        return list(map(self.check, entries))

    def check(self, entry: Entry) -> Entry:
        """`entry`, as it is published.

        Raises :class:`RefusedError` and :class:`~protocols.codec.DecodeError`: the publisher's fault.
        """
        body, key, name, _, content_type, _ = entry
        if len(body) > self._most:
            raise TooLargeError(f"a message of {len(body)} bytes is over the {self._most} allowed here")
        value: object = None
        if self._codec is not None:
            value = self._codec.decode(body)
            if self._takes_json and (b"NaN" in body or b"Infinity" in body):
                _check_json(body)  # pydantic takes them, and readers of JSON do not (RFC 8259, section 6)
            entry = entry._replace(content_type=self._codec.content_type)
        elif is_json(content_type):
            _check_json(body)
        if self._key_of is not None and not key:
            entry = entry._replace(key=self._key_of(entry, value))
        _check_name("key", entry.key)
        _check_name("id", name)
        _check_name("content type", entry.content_type)
        return entry


def _check_json(body: bytes) -> None:
    try:
        json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"the body is said to be JSON, and is none: {error}") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _check_name(what: str, name: str) -> None:
    if len(name) > NAME:
        raise RefusedError(f"the {what} is over {NAME} characters")
    if not name.isprintable():
        raise RefusedError(f"the {what} has characters that cannot be printed")


def key_from_body(path: str) -> KeyOf:
    """The key is what stands at `path` in a body of JSON: names of members with dots between.

    What is no text is written as JSON; nothing there, or no JSON: no key.
    """
    names = path.split(".")

    def key_of(entry: Entry, value: object) -> str:
        try:
            found = json.loads(entry.body)
        except (ValueError, RecursionError):
            return ""
        for name in names:
            if not isinstance(found, dict) or name not in found:
                return ""
            found = found[name]
        return found if isinstance(found, str) else json.dumps(found, separators=(",", ":"))

    return key_of


def key_from_sender(entry: Entry, value: object) -> str:
    """The key is who published it."""
    return entry.sender
