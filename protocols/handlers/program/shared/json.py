"""The protocol in lines of JSON: what every language reads."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from json.encoder import encode_basestring as quoted
from typing import Any, Final

from pydantic_core import from_json, to_json

from protocols.framing import FramingError, Lines
from protocols.handlers.program.shared.actions import (
    LINE,
    Action,
    Close,
    Ids,
    NonsenseError,
    Send,
    described,
)
from protocols.session import Peer

_SENDS: Final = frozenset({"send", "but", "text", "base64"})
_CLOSES: Final = frozenset({"close", "but", "reason"})


class JsonWire:
    """Each event and each action is an object in a line of its own."""

    def reader(self) -> JsonReader:
        return JsonReader()

    def opened(self, client: int, peer: Peer) -> bytes:
        return to_json({"open": client, "peer": described(peer)}) + b"\n"

    def said(self, client: int, messages: Sequence[bytes], text: bool | None) -> bytes:
        if text is False:
            return b"".join(_binary(client, message) for message in messages)
        begin = f'{{"message":{client},"text":'
        try:
            return "".join([f"{begin}{quoted(message.decode())}}}\n" for message in messages]).encode()
        except UnicodeDecodeError:
            return b"".join(map(self._either, (client,) * len(messages), messages))

    def _either(self, client: int, message: bytes) -> bytes:
        try:
            return f'{{"message":{client},"text":{quoted(message.decode())}}}\n'.encode()
        except UnicodeDecodeError:
            return _binary(client, message)

    def ended(self, client: int) -> bytes:
        return b'{"end":%d}\n' % client

    def closed(self, client: int, reason: str) -> bytes:
        return to_json({"close": client, "reason": reason}) + b"\n"

    def slow(self, client: int) -> bytes:
        return b'{"slow":%d}\n' % client

    def ready(self, client: int) -> bytes:
        return b'{"ready":%d}\n' % client


class JsonReader:
    """Lines of JSON from one process.  Empty lines are passed over."""

    def __init__(self) -> None:
        self._lines = Lines(limit=LINE).decoder()

    def feed(self, data: bytes) -> list[Action]:
        try:
            lines = self._lines.feed(data)
        except FramingError as fault:
            actions = self._each(fault.messages)
            raise NonsenseError(str(fault), data, actions) from None
        if not lines:
            return []
        # One call for all of them; what does not come out as a value for each is looked at line by line.
        try:
            values = from_json(b"[%b]" % b",".join(lines))
        except ValueError:
            return self._each(lines)
        if len(values) != len(lines):
            return self._each(lines)
        try:
            return [_action(value) for value in values]
        except NonsenseError:
            return self._each(lines)

    def _each(self, lines: Sequence[bytes]) -> list[Action]:
        actions: list[Action] = []
        for line in lines:
            if line.strip():
                try:
                    actions.append(_action(from_json(line)))
                except NonsenseError as fault:
                    raise NonsenseError(str(fault), line, actions) from None
                except ValueError as fault:
                    raise NonsenseError(f"no JSON ({fault})", line, actions) from None
        return actions


def _action(value: Any) -> Action:
    """What the object `value` wants done."""
    if type(value) is not dict:
        raise NonsenseError("each line is an object")
    to = value.get("send")
    if to is not None:
        text = value.get("text")
        if type(to) is int and type(text) is str and len(value) == 2:
            return Send((to,), text.encode(), True)  # the usual case
        return _sending(value, to)
    if "close" not in value:
        raise NonsenseError("neither send nor close")
    _check(value, _CLOSES)
    reason = value.get("reason", "")
    if type(reason) is not str:
        raise NonsenseError("reason is a text")
    return Close(_ids(value["close"], "close"), reason, _but(value))


def _sending(value: dict[str, Any], to: Any) -> Send:
    _check(value, _SENDS)
    text, coded = value.get("text"), value.get("base64")
    if type(text) is str and coded is None:
        return Send(_ids(to, "send"), text.encode(), True, _but(value))
    if type(coded) is not str or text is not None:
        raise NonsenseError("one of text and base64 is needed, which is a text")
    try:
        message = b64decode(coded, validate=True)
    except ValueError as fault:
        raise NonsenseError(f"base64: {fault}") from None
    return Send(_ids(to, "send"), message, False, _but(value))


def _check(value: dict[str, Any], known: frozenset[str]) -> None:
    unknown = value.keys() - known
    if unknown:
        raise NonsenseError(f"{min(unknown)} is not known here")


def _but(value: dict[str, Any]) -> Ids:
    but = value.get("but")
    return () if but is None else _ids(but, "but") or ()


def _ids(value: Any, key: str) -> Ids | None:
    if type(value) is int:
        return (value,)
    if value == "all" and key != "but":
        return None
    if type(value) is list and all(type(one) is int for one in value):
        return value
    raise NonsenseError(f"{key} is the number of a client, or a list of them" + ', or "all"' * (key != "but"))


def _binary(client: int, message: bytes) -> bytes:
    return b'{"message":%d,"base64":"%b"}\n' % (client, b64encode(message))
