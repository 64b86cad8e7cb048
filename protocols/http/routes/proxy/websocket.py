"""The fields with which a client and an origin agree on another protocol."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Final

from protocols.http.request import RequestHead
from protocols.http.routes.proxy.response_fields import passed_fields
from protocols.http.routes.proxy.response_parser import Fields

GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What proves that a server has understood the handshake (RFC 6455, section 1.3)."""

ACCEPT: Final = b"sec-websocket-accept"


class Handshake:
    """The wish of `request` to go on in the protocol `protocol`.

    Where the client came by HTTP/2 there is no key (RFC 8441, section 5), which the origin, asked by
    HTTP/1.1, must have: one is made, and what the origin makes of it is checked here.

    .. attribute:: lines

       What is to be sent besides the client's own fields, each with its line end.
    """

    def __init__(self, request: RequestHead, protocol: str) -> None:
        self.protocol = protocol.encode("latin-1")
        self.lines = b""
        self._expected: bytes | None = None
        if protocol == "websocket" and request.version == "2":
            key = base64.b64encode(os.urandom(16))
            self.lines = b"Sec-WebSocket-Key: %b\r\n" % key
            if "sec-websocket-version" not in request.headers:
                self.lines += b"Sec-WebSocket-Version: 13\r\n"
            self._expected = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())

    def problem(self, fields: Fields) -> str:
        """What is wrong with an answer of status 101; empty if it is as it should be."""
        named = [value.lower() for name, value in fields if name.lower() == b"upgrade"]
        if named != [self.protocol]:
            return "it switches to a protocol that nobody asked for"
        if self._expected is not None:
            accepts = [value for name, value in fields if name.lower() == ACCEPT]
            if accepts != [self._expected]:
                return "it has not understood the WebSocket handshake"
        return ""

    def passed(self, fields: Fields) -> tuple[tuple[str, str], ...]:
        """The fields of that answer for the client."""
        return passed_fields(fields, but=frozenset() if self._expected is None else frozenset({ACCEPT}))
