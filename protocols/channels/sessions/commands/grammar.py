"""What a line says, without anything that could do it.

::

    PUB channel [key=K] [id=I] [type=T] [--] body
    SUB channel [since=S] [key=K] [format=body|json] | SUB channel group=G [format=body|json]
    ACK channel seq …
    NAK channel seq [delay=2s] [reason]
    UNSUB channel
    PING | HELP | QUIT

Verbs may be in either case.  Words have one space between them.  The value of an option is percent-encoded
(RFC 3986, section 2.1): ``key=pump%203``.  The body of PUB begins with the first word behind the channel that
is no option, or behind ``--``, and is taken as it is, whatever bytes it holds.  A word such as ``kye=pump-3``
is an option that there is not, and no body: one that begins so stands behind ``--``.

ACK and NAK are about messages that came to this connection: the seq of any other is refused.  Of the seqs of
one ACK, those that are its own are dealt with all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote_to_bytes

from protocols.channels.form import Form
from protocols.channels.sessions import words
from protocols.channels.since import NEW, Since

VERBS: Final = ("PUB", "SUB", "ACK", "NAK", "UNSUB", "PING", "HELP", "QUIT")

DELAY: Final = 86_400.0
"""Seconds for which a message may be put off: who wants it later should publish it later."""

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DELAY = re.compile(r"(\d{1,9})(ms|[smhd])", re.ASCII)
_SEQ = re.compile(rb"[1-9]\d{0,17}")
_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class CommandError(Exception):
    """What a peer has said is no command; the words are for it."""


@dataclass(frozen=True, slots=True)
class Publish:
    """``PUB``"""

    channel: str
    body: bytes
    key: str = ""
    id: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """``SUB``"""

    channel: str
    since: Since = NEW
    key: str = ""
    form: Form = "body"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Ack:
    """``ACK``"""

    channel: str
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nak:
    """``NAK``"""

    channel: str
    seq: int
    reason: str = ""
    delay: float = 0.0
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """``UNSUB``"""

    channel: str


Plain: TypeAlias = Literal["PING", "HELP", "QUIT"]
Command: TypeAlias = Publish | Subscribe | Ack | Nak | Unsubscribe | Plain


def parse(line: bytes) -> Command | None:
    """What `line` says; ``None``: nothing, as when somebody presses Return.  Raises :class:`CommandError`."""
    word, _, rest = line.lstrip(b" ").partition(b" ")
    verb = word.upper()
    if verb == b"PUB":  # first: there are more of them than of all others
        return _publish(*_channel(verb, rest))
    rest = rest.strip()
    if verb == b"SUB":
        return _subscribe(*_channel(verb, rest))
    if verb == b"ACK":
        channel, rest = _channel(verb, rest)
        return Ack(channel, tuple(map(_seq, rest.split())) or (_seq(b""),))
    if verb == b"NAK":
        return _nak(*_channel(verb, rest))
    if verb == b"UNSUB":
        channel, rest = _channel(verb, rest)
        _nothing_more(verb, rest)
        return Unsubscribe(channel)
    for plain in PLAIN:
        if verb == plain.encode():
            _nothing_more(verb, rest)
            return plain
    if not line.strip():
        return None
    raise CommandError(f"there is no command {shown(word)}{guess(shown(word).upper(), VERBS)}; try HELP")


PLAIN: Final[tuple[Plain, ...]] = ("PING", "HELP", "QUIT")


def guess(word: str, known: Iterable[str]) -> str:
    """The tail of a message about an unknown `word`: what it was probably meant to be."""
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def shown(word: bytes) -> str:
    """`word`, as an error repeats it."""
    return words.shown(word[: 4 * words.SHOWN].decode("utf-8", "backslashreplace"))


def _channel(verb: bytes, rest: bytes) -> tuple[str, bytes]:
    """The channel that `rest` begins with, and what is behind it."""
    name, _, rest = rest.lstrip(b" ").partition(b" ")
    if not name:
        raise CommandError(f"{verb.decode()} needs the name of a channel")
    return _text(name, "the name of the channel"), rest


def _publish(channel: str, rest: bytes) -> Publish:
    options: dict[str, str] = {}
    while rest:
        word, _, behind = rest.partition(b" ")
        if word == b"--":
            return Publish(channel, behind, **options)
        name, equals, value = word.partition(b"=")
        field = _PUBLISH_OPTIONS.get(name) if equals else None
        if field is None:
            if equals and name.isalpha():
                raise _no_option(name)
            break
        _set(options, field, name, value)
        rest = behind
    return Publish(channel, rest, **options)


def _no_option(name: bytes) -> CommandError:
    near = guess(shown(name).lower(), map(bytes.decode, _PUBLISH_OPTIONS))
    return CommandError(f"unknown option {shown(name)}{near}; put -- before a body that begins so")


_PUBLISH_OPTIONS: Final = {b"key": "key", b"id": "id", b"type": "content_type"}
_SUBSCRIBE_OPTIONS: Final = ("since", "key", "format", "group")


def _subscribe(channel: str, rest: bytes) -> Subscribe:
    options: dict[str, str] = {}
    for word in rest.split():
        name, equals, value = word.partition(b"=")
        if shown(name) not in _SUBSCRIBE_OPTIONS or not equals:
            known = ", ".join(_SUBSCRIBE_OPTIONS)
            near = guess(shown(name), _SUBSCRIBE_OPTIONS)
            raise CommandError(f"SUB has no option {shown(word)}; known: {known}{near}")
        _set(options, shown(name), name, value)
    form: Form = "json" if options.get("format") == "json" else "body"
    if options.get("format", form) != form:
        raise CommandError("format is body or json")
    group = options.get("group", "")
    if group and ("since" in options or "key" in options):
        raise CommandError("a group goes on where it was, with every key: since and key are not for groups")
    try:
        since = Since.parse(options.get("since", "new"))
    except ValueError as error:
        raise CommandError(str(error)) from None
    return Subscribe(channel, since, options.get("key", ""), form, group)


def _nak(channel: str, rest: bytes) -> Nak:
    number, _, rest = rest.partition(b" ")
    seq = _seq(number)
    delay = 0.0
    if rest.startswith(b"delay="):
        word, _, rest = rest.partition(b" ")
        delay = _delay(_text(word.partition(b"=")[2], "delay"))
    return Nak(channel, seq, rest.strip().decode("utf-8", "replace"), delay)


def _delay(text: str) -> float:
    found = _DELAY.fullmatch(text)
    if found is None:
        raise CommandError(f"delay is a time such as 500ms, 2s or 5m, and not {text!r}")
    seconds = int(found[1]) * _UNITS[found[2]]
    if seconds > DELAY:
        raise CommandError("delay is a day at most")
    return seconds


def _seq(word: bytes) -> int:
    if not _SEQ.fullmatch(word):
        raise CommandError(f"a seq is a number from 1 on{f', and not {shown(word)}' if word else ''}")
    return int(word)


def _set(options: dict[str, str], field: str, name: bytes, value: bytes) -> None:
    if field in options:
        raise CommandError(f"{name.decode()} is said twice")
    if b"%" in value:
        if _BROKEN.search(value):
            raise CommandError(f"{name.decode()} is percent-encoded: a % is written %25")
        value = unquote_to_bytes(value)
    options[field] = _text(value, name.decode())


def _text(value: bytes, what: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise CommandError(f"{what} is not UTF-8") from None


def _nothing_more(verb: bytes, rest: bytes) -> None:
    if rest:
        raise CommandError(f"{verb.decode()} takes nothing, and not {shown(rest)}")
