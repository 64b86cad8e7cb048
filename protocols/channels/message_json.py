"""A message as JSON: one object, on one line.

``{"seq":17,"time":1767225600123,"key":"pump-3","from":"tcp://192.0.2.7:4096","type":"application/json",
"id":"a1","headers":{"tries":"5"},"body":{"bar":2.5}}``, without what is empty.  ``time`` is in milliseconds
since the epoch.  ``body`` is a value where ``type`` is JSON, and a string where the body is UTF-8 without
NUL; for any other there is ``base64`` (RFC 4648, section 4) in its place.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from json import dumps

from protocols.channels.message import Message
from protocols.channels.store import Exported


def is_json(content_type: str) -> bool:
    """Whether what is of that media type is JSON (RFC 8259; RFC 6839, section 3.1)."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def as_json(message: Message) -> bytes:
    """`message`, without a line end."""
    seq, time, body, key, name, sender, content_type, headers = message
    head = f'{{"seq":{seq},"time":{time}'
    if key:
        head += f',"key":{_quoted(key)}'
    if sender:
        head += f',"from":{_quoted(sender)}'
    if content_type:
        head += f',"type":{_quoted(content_type)}'
    if name:
        head += f',"id":{_quoted(name)}'
    if headers:
        head += f',"headers":{_quoted(dict(headers))}'
    if content_type and is_json(content_type):
        # Whoever took it has seen to it that it is JSON, where a line end can only stand between words.
        value = body.replace(b"\n", b" ").replace(b"\r", b" ")
        return b'%b,"body":%b}' % (_octets(head), value)
    text = body_text(body)
    if text is None:
        return b'%b,"base64":"%b"}' % (_octets(head), b64encode(body))
    return _octets(f'{head},"body":{_quoted(text)}}}')


def body_text(body: bytes) -> str | None:
    """`body` as text, if that is what it is."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def as_line(message: Message) -> bytes:
    """The same with a line end: a line of NDJSON."""
    return as_json(message) + b"\n"


def exported(messages: Sequence[Message], after: int, through: int) -> Exported:
    """`messages`, which follow the seq `after`, up to the seq `through`."""
    wanted = [message for message in messages if message.seq <= through]
    octets = b"".join(map(as_line, wanted))
    return Exported(octets, len(wanted), wanted[-1].seq if wanted else after)


def _octets(text: str) -> bytes:
    # Half of a surrogate pair, as in a path that is no UTF-8, becomes what JSON has for it.
    return text.encode(errors="backslashreplace")


def _quoted(value: object) -> str:
    return dumps(value, ensure_ascii=False, separators=(",", ":"))
