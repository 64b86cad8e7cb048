"""Lines of JSON as entries of a channel."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from json import dumps, loads
from typing import Any, Final

from protocols.channels.errors import RefusedError
from protocols.channels.message import Entry
from protocols.channels.message_json import is_json
from protocols.channels.sessions.words import shown
from protocols.http.response import JSON

_OURS: Final = frozenset({"seq", "time", "from", "headers"})
"""What a channel says of a message, and its publisher cannot; read over, so that what was read from one
channel can be published to another."""

_KNOWN: Final = _OURS | {"key", "id", "type", "body", "base64"}


def body_entry(line: bytes, key: str, name: str, sender: str) -> Entry:
    """An entry whose body is `line`."""
    return Entry(line, key, name, sender, JSON)


def message_entry(line: bytes, key: str, name: str, sender: str) -> Entry:
    """What `line` says in the form in which messages are read
    (:mod:`~protocols.channels.message_json`): ``key``, ``id``, ``type``, and ``body`` or ``base64``.

    :param key: if it says none.
    :param name: its id, if it says none.

    Raises :class:`RefusedError`.
    """
    try:
        said = loads(line)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"this is no JSON: {error}") from None
    if not isinstance(said, dict):
        raise RefusedError('this is no message: an object such as {"key":"pump-3","body":2.5} is one')
    if not said.keys() <= _KNOWN:
        raise RefusedError(f"a message has no {shown(min(said.keys() - _KNOWN))!r}")
    media = _text(said, "type")
    body, media = _body(said, media)
    return Entry(body, _text(said, "key") or key, _text(said, "id") or name, sender, media)


def _body(said: Mapping[str, Any], media: str) -> tuple[bytes, str]:
    if "base64" in said:
        if "body" in said:
            raise RefusedError("a message has body or base64, not both")
        try:
            return b64decode(_text(said, "base64"), validate=True), media
        except ValueError:
            raise RefusedError("base64 is none (RFC 4648, section 4)") from None
    if "body" not in said:
        raise RefusedError("a message needs a body, or base64")
    body = said["body"]
    if isinstance(body, str) and not is_json(media):
        return _octets(body), media
    if media and not is_json(media):
        raise RefusedError(f"a body of the type {shown(media)} is a string, or base64")
    return _octets(dumps(body, ensure_ascii=False, separators=(",", ":"))), media or JSON


def _octets(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise RefusedError("the body has half of a surrogate pair, which UTF-8 lacks") from None


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise RefusedError(f"{name} is a string")
    return value
