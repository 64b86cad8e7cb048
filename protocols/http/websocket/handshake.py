"""The opening handshake (RFC 6455, section 4.2; over HTTP/2 RFC 8441, section 5)."""

from __future__ import annotations

from base64 import b64encode
from binascii import Error, a2b_base64
from hashlib import sha1
from typing import Final

from websockets.exceptions import InvalidHeader
from websockets.headers import parse_extension, parse_subprotocol
from websockets.typing import ExtensionHeader

from protocols.http.errors import HTTPError
from protocols.http.request import RequestHead

TOKEN: Final = "websocket"  # noqa: S105 - what stands in the Upgrade header
VERSION: Final = "13"
METHODS: Final = ("GET", "CONNECT")
"""The method of a handshake: the latter over HTTP/2, which may also be told as the former."""

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What the key is hashed with (RFC 6455, section 1.3)."""

_KEY: Final = 16
"""Bytes of a key."""


class Handshake:
    """A client's wish to open a WebSocket.

    Raises :class:`~protocols.http.HTTPError` for a request that asks for none (426), that speaks another
    version (426), that asks by another method than GET (405), or that is wrong (400).

    .. attribute:: subprotocols

       Those that the client offers, in its order.

    .. attribute:: extensions

       Those that the client offers, with their parameters.
    """

    def __init__(self, request: RequestHead) -> None:
        self.request = request
        self.key = ""
        """Empty over HTTP/2, which needs none."""
        if TOKEN not in map(str.strip, (request.upgrade or "").split(",")):
            raise _refusal(request, "This is for WebSocket")
        if request.method not in METHODS:
            raise HTTPError(405, "A WebSocket is asked for by GET", {"Allow": "GET"})
        if request.headers.get("sec-websocket-version") != VERSION:
            raise _refusal(request, f"The version of WebSocket spoken here is {VERSION}")
        if request.version != "2":
            self.key = request.headers.get("sec-websocket-key") or ""
            _check_key(self.key)
        try:
            offered = [parse_subprotocol(v) for v in request.headers.all("sec-websocket-protocol")]
            wished = [parse_extension(v) for v in request.headers.all("sec-websocket-extensions")]
        except InvalidHeader as error:
            raise HTTPError(400, f"The header {error.name} is wrong") from None
        self.subprotocols: tuple[str, ...] = tuple(name for names in offered for name in names)
        self.extensions: tuple[ExtensionHeader, ...] = tuple(one for several in wished for one in several)

    @property
    def accept_key(self) -> str:
        """What proves that the key was read: Sec-WebSocket-Accept."""
        digest = sha1(self.key.encode("ascii") + _GUID, usedforsecurity=False).digest()
        return b64encode(digest).decode("ascii")


def _refusal(request: RequestHead, detail: str) -> HTTPError:
    headers = {"Sec-WebSocket-Version": VERSION}
    if request.version != "2":
        headers["Upgrade"] = TOKEN  # RFC 9110, section 15.5.22
    return HTTPError(426, detail, headers)


def _check_key(key: str) -> None:
    try:
        size = len(a2b_base64(key.encode("ascii"), strict_mode=True))
    except (Error, UnicodeEncodeError):
        size = 0
    if size != _KEY:
        raise HTTPError(400, f"Sec-WebSocket-Key is not {_KEY} bytes in base64")
