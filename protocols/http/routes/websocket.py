"""A route that carries the messages of a handler over WebSocket."""

from __future__ import annotations

from typing import Final, Literal

from protocols.http.request import Request
from protocols.http.routes.websocket_connection import WebSocketConnection
from protocols.http.upgrade import Upgrade
from protocols.http.websocket import Endpoint
from protocols.session import Handler

Replies = Literal["auto", "text", "binary"]
"""What replies are sent as: see :class:`WebSocketRoute`."""

Speaks = Literal["text", "binary"] | None
"""What the replies of a handler are by nature; ``None``: what the peer's messages are."""

TEXT_CODECS: Final = frozenset({"json", "text"})


class WebSocketRoute:
    """Opens a session of `handler` for each WebSocket: a message of the peer's is one message received,
    and each reply is one message.

    :param replies: ``text``, ``binary`` or ``auto``: what `speaks` says, or else as the last message came.
        With ``auto``, a reply that is not UTF-8 is binary, for no text message could hold it.
    :param speaks: what the replies of `handler` are by nature.
    """

    methods = ("GET",)
    subtree = False
    streams = False

    def __init__(
        self,
        handler: Handler,
        endpoint: Endpoint,
        *,
        replies: Replies = "auto",
        speaks: Speaks = None,
    ) -> None:
        self._handler = handler
        self._endpoint = endpoint
        self._strict = replies == "text"
        spoken = speaks if replies == "auto" else replies
        self._text = None if spoken is None else spoken == "text"

    def respond(self, request: Request, rest: str) -> Upgrade:
        handshake = self._endpoint.handshake(request)
        listener = WebSocketConnection(self._handler, self._endpoint, text=self._text, strict=self._strict)
        return self._endpoint.accept(handshake, listener)

    def stop(self) -> None:
        """Nothing runs that is not the handler's."""


def spoken_by(codec: str) -> Speaks:
    """What the replies of a function with the codec of that name are by nature."""
    if codec in TEXT_CODECS:
        return "text"
    return None if codec == "bytes" else "binary"
