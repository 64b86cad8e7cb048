"""WebSocket (RFC 6455; over HTTP/2 RFC 8441): the handshake, and messages once it is open.

An :class:`Endpoint` serves any number of them.  For a request it reads the :class:`Handshake`, which says
what the client offers, and then either lets it be, by raising an :class:`~protocols.http.HTTPError`, or
accepts it::

    handshake = endpoint.handshake(request)
    return endpoint.accept(handshake, listener)     # an Upgrade, which a route answers with

From then on a :class:`Listener` hears of messages, and answers by its :class:`Channel`.
"""

from protocols.http.websocket.endpoint import Endpoint
from protocols.http.websocket.handshake import Handshake
from protocols.http.websocket.listener import Channel, Listener
from protocols.http.websocket.settings import Settings

__all__ = ["Channel", "Endpoint", "Handshake", "Listener", "Settings"]
