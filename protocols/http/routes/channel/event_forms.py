"""Messages as Server-Sent Events (HTML Standard, section 9.2), whose id is the sequence number."""

from __future__ import annotations

from protocols.channels.message import Message
from protocols.channels.message_json import as_json, body_text
from protocols.http.event import Event


def json_event(message: Message) -> bytes:
    """The message as JSON, which has no line end."""
    return b"id: %d\ndata: %b\n\n" % (message.seq, as_json(message))


def body_event(message: Message) -> bytes:
    """The body alone; one that is no text as the message in JSON."""
    body = message.body
    text = body_text(body)
    if text is None:
        return json_event(message)
    if b"\n" in body or b"\r" in body:
        return Event(text, id=message.seq).octets
    return b"id: %d\ndata: %b\n\n" % (message.seq, body)


def missed_event(count: int) -> bytes:
    """So many messages are left out here."""
    return Event({"count": count}, event="missed").octets


def closed_event(reason: str) -> bytes:
    """There will be none any more, on this connection."""
    return Event({"reason": reason}, event="closed").octets
