"""What any number of WebSockets have in common, and how they come to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from twisted.internet.interfaces import IReactorTime
from websockets.extensions import Extension

from protocols.http.errors import HTTPError
from protocols.http.request import RequestHead
from protocols.http.upgrade import Upgrade
from protocols.http.websocket.compression import negotiate
from protocols.http.websocket.frame_list import FrameList
from protocols.http.websocket.handshake import TOKEN, Handshake
from protocols.http.websocket.listener import Listener
from protocols.http.websocket.origin import is_allowed
from protocols.http.websocket.protocol import WebSocketProtocol
from protocols.http.websocket.settings import Settings
from protocols.journal import Journal
from protocols.latency import Pace
from protocols.made_once import MadeOnce
from protocols.session import Peer
from protocols.stream_timers import Timers

_SCHEMES: Final = {"http": "ws", "https": "wss"}

_DEFAULTS: Final = Settings()


class Endpoint:
    """Opens WebSockets.

    :param clock: where time comes from: a reactor.
    """

    def __init__(self, *, clock: IReactorTime, journal: Journal, settings: Settings = _DEFAULTS) -> None:
        self.clock = clock
        self.journal = journal
        self.settings = settings
        self.timers = Timers(clock)
        self._pace = Pace()
        self.measure_at = 0
        """The number of messages from which on the next answer is measured."""
        self._binaries = MadeOnce(lambda messages: FrameList(messages, text=False))
        self._texts = MadeOnce(lambda messages: FrameList(messages, text=True))

    def handshake(self, request: RequestHead) -> Handshake:
        """What the client wants.

        Raises :class:`~protocols.http.HTTPError` for a request that is none for a WebSocket (see
        :class:`Handshake`), for one of a page that may not connect (403), and for one whose subprotocols
        are none of ours (400).
        """
        handshake = Handshake(request)
        if not is_allowed(request, self.settings.origins):
            raise HTTPError(403, "Pages of this origin may not connect")
        ours = self.settings.subprotocols
        if ours and handshake.subprotocols and self.choose(handshake) is None:
            raise HTTPError(400, f"The subprotocols spoken here are {', '.join(ours)}")
        return handshake

    def came(self, peer: Peer, messages: Sequence[bytes]) -> None:
        """`messages` have come from `peer`."""
        journal = self.journal
        journal.counts.messages += len(messages)
        if journal.tap.watched:
            journal.tap.came(peer, messages)

    def measured(self, messages: int, begun: float) -> None:
        """So many messages are answered that were delivered at the time `begun`."""
        now = self.clock.seconds()
        self.measure_at = self._pace.next(self.journal.counts.messages, now)
        self.journal.latency.observe((now - begun) / messages, messages)

    def frames(self, messages: Sequence[bytes], text: bool) -> FrameList:
        """`messages` for :meth:`Channel.send_many`, which many WebSockets do one after the other: the same
        list is made into frames once, and must not be changed.

        :param text: whether those that are UTF-8 are sent as text.
        """
        return (self._texts if text else self._binaries).of(messages)

    def choose(self, handshake: Handshake) -> str | None:
        """The first of our subprotocols that the client offers."""
        return next((name for name in self.settings.subprotocols if name in handshake.subprotocols), None)

    def accept(
        self,
        handshake: Handshake,
        listener: Listener,
        *,
        subprotocol: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Upgrade:
        """The answer that opens the WebSocket, of which `listener` hears from then on.

        :param subprotocol: one that the client offers; unless said, :meth:`choose` does.
        :param headers: more header fields of the answer.
        """
        subprotocol = subprotocol or self.choose(handshake)
        extensions: list[Extension] = []
        fields: list[tuple[str, str]] = []
        if handshake.key:
            fields.append(("Sec-WebSocket-Accept", handshake.accept_key))
        if subprotocol is not None:
            fields.append(("Sec-WebSocket-Protocol", subprotocol))
        if self.settings.compression:
            extensions, agreed = negotiate(handshake.extensions)
            if agreed:
                fields.append(("Sec-WebSocket-Extensions", agreed))
        peer = handshake.request.peer
        protocol = WebSocketProtocol(
            self,
            listener,
            replace(peer, transport=_SCHEMES.get(peer.transport, peer.transport)),
            subprotocol=subprotocol,
            extensions=extensions,
        )
        protocol.request_id = handshake.request.id
        return Upgrade(protocol, TOKEN, (*fields, *headers), protocol.drain)
