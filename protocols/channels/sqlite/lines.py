"""A message as it is kept: the line of JSON that it is read as, there and back.

It is what :func:`protocols.channels.message_json.as_line` makes, so that a history is read without looking
into it.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from typing import Final

from protocols.channels.message import Entry, Headers, Message
from protocols.channels.message_json import body_text, is_json

SENDERS: Final = 1024
"""Senders whose words are kept: each publishes many messages."""

_STRING: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_LINE: Final = re.compile(
    r'\{"seq":(\d+),"time":(\d+)'
    rf'((?:,"(?:key|from|type)":{_STRING})*+)(?:,"id":({_STRING}))?+'
    rf'(?:,"headers":(\{{(?:,?{_STRING}:{_STRING})*+\}}))?+'
    r',"(body|base64)":(.*)\}\n'
)
"""Its seq, its time, what many messages have in common, its id, its headers, and what its body is."""

_pairs: Callable[[str], Headers] = json.JSONDecoder(object_pairs_hook=tuple).decode
_message = Message._make


def sent_line(seq: int, time: int, body: bytes, sender: str) -> str:
    """The line of a message that nothing but its sender is known of, as of nearly all that come by sockets;
    it takes half the time."""
    text = body_text(body)
    if text is None:
        return f'{{"seq":{seq},"time":{time}{_from(sender)},"base64":"{b64encode(body).decode()}"}}\n'
    return f'{{"seq":{seq},"time":{time}{_from(sender)},"body":{_quoted(text)}}}\n'


def line(seq: int, time: int, entry: Entry) -> tuple[str, bytes | None]:
    """The line of any message, and its body if that cannot be told from the line."""
    body = entry.body
    kept = None
    if entry.content_type and is_json(entry.content_type):
        # Whoever took it has seen to it that it is JSON, where a line end can only stand between words.
        text = body.decode(errors="replace").replace("\n", " ").replace("\r", " ")
        value = f'"body":{text}'
        kept = None if text.encode() == body else body
    elif (plain := body_text(body)) is not None:
        value = f'"body":{_quoted(plain)}'
    else:
        value = f'"base64":"{b64encode(body).decode()}"'
    return f'{{"seq":{seq},"time":{time}{_about(entry)},{value}}}\n', kept


def messages(lines: str, bodies: Mapping[str, str]) -> list[Message]:
    """What `lines` are of.

    :param bodies: those that cannot be told from the lines, in hexadecimal, by seq.
    """
    found = []
    for seq, time, about, name, headers, form, value in _LINE.findall(lines):
        of_json, key, sender, content_type = _known(about)
        if of_json:
            body = bytes.fromhex(bodies[seq]) if seq in bodies else value.encode()
        elif form == "base64":
            body = b64decode(value[1:-1])
        else:
            body = _text(value).encode()
        known = (key, _text(name), sender, content_type, _pairs(headers) if headers else ())
        found.append(_message((int(seq), int(time), body, *known)))
    return found


@lru_cache(SENDERS)
def _from(sender: str) -> str:
    return f',"from":{_quoted(sender)}' if sender else ""


def _about(entry: Entry) -> str:
    about = f',"key":{_quoted(entry.key)}' if entry.key else ""
    about += _from(entry.sender)
    if entry.content_type:
        about += f',"type":{_quoted(entry.content_type)}'
    if entry.id:
        about += f',"id":{_quoted(entry.id)}'
    if entry.headers:
        about += f',"headers":{_as_object(entry.headers)}'
    return about


def _as_object(headers: Headers) -> str:
    """JSON that keeps their order, and all that are of one name."""
    return "{" + ",".join([f"{_quoted(name)}:{_quoted(value)}" for name, value in headers]) + "}"


def _text(quoted: str) -> str:
    """What is in a string of JSON, or in none."""
    return json.loads(quoted) if "\\" in quoted else quoted[1:-1]


@lru_cache(SENDERS)
def _known(about: str) -> tuple[bool, str, str, str]:
    """Whether the body is JSON; key, sender and content type."""
    known = dict(_pairs(f"{{{about[1:]}}}"))
    content_type = known.get("type", "")
    return is_json(content_type), known.get("key", ""), known.get("from", ""), content_type
