"""The header fields that a message is posted with."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from twisted.web.http_headers import Headers

from protocols.channels.forward.settings import ForwardSettings
from protocols.channels.forward.signature import Signer
from protocols.channels.message import Message

UNKNOWN = "application/octet-stream"
"""The type of a body of which nobody has said what it is (RFC 9110, section 8.3)."""

JSON = "application/json"

OURS: Final = ("webhook-", "polyport-")
"""What the names of the fields begin with that say which message it is."""

FRAMING: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
"""The fields that say where a request goes and where it ends (RFC 9112): each one twice is another request to
one server than to the next."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def is_reserved(field: str) -> bool:
    """Whether a field of that name is for us alone to send."""
    return field.lower().startswith(OURS) or field.lower() in FRAMING


class RequestFields:
    """Makes the fields for messages of the channel `name`.

    Besides those of Standard Webhooks there are ``Polyport-Channel``, ``Polyport-Seq`` and, where it has one,
    ``Polyport-Key``; what is no ASCII is escaped as in a URL.

    Raises :class:`ValueError` for a header of `settings` that cannot be sent, or a secret that is none.
    """

    def __init__(self, name: str, settings: ForwardSettings) -> None:
        self._name = name
        self._signer = Signer(settings.secrets)
        self._agent = _value(settings.user_agent)
        self._is_json = settings.format == "json"
        self._always: list[tuple[bytes, bytes]] = []
        for field, value in settings.headers:
            if not _TOKEN.fullmatch(field):
                raise ValueError(f"{field!r} is no name of a header")
            if is_reserved(field):
                raise ValueError(f"the header {field} is one that each request has already")
            if not value.isascii() or not value.isprintable():
                raise ValueError(f"the header {field} has characters that cannot be sent")
            self._always.append((field.encode(), value.encode()))

    def of(self, message: Message, body: bytes, now: float) -> Headers:
        """Those for an attempt at `now`, in seconds since the epoch."""
        fields = Headers()
        for field, value in self._always:
            fields.addRawHeader(field, value)
        if not fields.hasHeader(b"User-Agent"):
            fields.addRawHeader(b"User-Agent", self._agent)
        name, timestamp = self.id_of(message), int(now)
        if not fields.hasHeader(b"Content-Type"):
            kind = JSON if self._is_json else message.content_type or UNKNOWN
            fields.addRawHeader(b"Content-Type", _value(kind))
        fields.addRawHeader(b"webhook-id", name.encode())
        fields.addRawHeader(b"webhook-timestamp", b"%d" % timestamp)
        if self._signer:
            fields.addRawHeader(b"webhook-signature", self._signer.sign(name, timestamp, body).encode())
        fields.addRawHeader(b"Polyport-Channel", _value(self._name))
        fields.addRawHeader(b"Polyport-Seq", b"%d" % message.seq)
        if message.key:
            fields.addRawHeader(b"Polyport-Key", _value(message.key))
        return fields

    def id_of(self, message: Message) -> str:
        """The same for each attempt: channel, seq and time, for a channel in memory counts from 1 again in
        each process.  There is no full stop in it, since one ends it in what is signed."""
        channel = quote(self._name, safe="").replace(".", "%2E")
        return f"{channel}/{message.seq}/{message.time}"


def _value(text: str) -> bytes:
    """`text` as the value of a field."""
    return quote(text, safe=" !#$&'()*+,/:;=?@[]^`{|}~\"<>").strip().encode()
