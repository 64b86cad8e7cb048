"""Passes messages on over one connection."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from protocols.channels.forward.delivery import UnreachableError, body_of
from protocols.channels.forward.outcome import Outcome
from protocols.channels.forward.ready_endpoint import ReadyEndpoint
from protocols.channels.forward.settings import STREAM_INFLIGHT, ForwardSettings
from protocols.channels.forward.stream_link import Letter, StreamLink
from protocols.channels.message import Message
from protocols.channels.message_json import as_json
from protocols.handlers.forward.target import Target
from protocols.outgoing_tls import OutgoingTLS

LINGER: Final = 2.0
"""Seconds that the target has to read the rest when we close; then it is cut off."""


class StreamDelivery:
    """Writes each message to a connection with `target`, which is made when the first is there, and kept.

    A message counts as passed on once the target's machine has acknowledged all of it and the connection goes
    on for a moment (:data:`~protocols.channels.forward.stream_link.LOOK`), or once the target has answered,
    where it does; there one at a time is under way unless the settings say more, and an answer that is an
    error leaves the connection as it is.  What is not certain is sent again after a connection was lost, so
    that nothing is missing and some may come twice.  Only what waits in the target's machine when the target
    dies is lost with it: where that matters, the target has to answer.

    :param tls: what the target must prove; for a target of TLS.
    """

    def __init__(
        self, target: Target, settings: ForwardSettings, *, reactor: Any, tls: OutgoingTLS | None = None
    ) -> None:
        self.target = target
        self.settings = settings
        self._reactor = reactor
        if target.scheme != "tls":
            tls = None
        elif tls is None:
            tls = OutgoingTLS(target.host)
        self._endpoint = ReadyEndpoint(target, reactor, settings.connect, tls)
        self._link: StreamLink | None = None
        self._held: list[Letter] = []  # until there is a connection
        self._connecting: Deferred[Any] | None = None
        self._told: list[Deferred[None]] = []

    @property
    def at_a_time(self) -> int:
        """As many as it may be unclear what became of them; of those that are answered one, since what is
        behind an error would be taken before what the error is about."""
        return self.settings.inflight or (1 if self.settings.answers else STREAM_INFLIGHT)

    @property
    def keeps_order(self) -> bool:
        """They go out one behind the other; an error as the answer to one says nothing of those behind it."""
        return not self.settings.answers or self.at_a_time == 1

    def send(self, message: Message) -> Deferred[Outcome]:
        """Write `message` behind those before."""
        try:
            octets = self._framed(message)
        except ValueError as error:
            return succeed(Outcome("refused", f"it cannot be framed: {error}"))
        letter = Letter(octets)
        if self._link is not None:
            self._link.send(letter)
        else:
            self._held.append(letter)
            self._connect()
        return letter.outcome

    def connect(self) -> Deferred[None]:
        """Have a connection."""
        if self._link is not None:
            return succeed(None)
        told: Deferred[None] = Deferred(lambda _: self._told.remove(told))
        self._told.append(told)
        self._connect()
        return told

    def abort(self) -> None:
        """Break the connection off."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._link is not None:
            self._link.abort()

    def close(self) -> Deferred[None]:
        """Close the connection."""
        link = self._link
        if link is None:
            if self._connecting is not None:
                self.abort()
            return succeed(None)
        timer: IDelayedCall = self._reactor.callLater(LINGER, self._endpoint.abort)

        def closed(_: object) -> None:
            if timer.active():
                timer.cancel()

        return link.close().addCallback(closed)

    def _framed(self, message: Message) -> bytes:
        framing = self.settings.framing
        try:
            return framing.encode(body_of(message, self.settings))
        except ValueError:
            return framing.encode(as_json(message))  # what a line cannot carry as it is

    def _connect(self) -> None:
        if self._connecting is None:
            link = StreamLink(self.settings, self._reactor, self._lost)
            connecting = self._connecting = self._endpoint.connect(_Link(link))
            connecting.addCallbacks(self._connected, self._not_connected)

    def _connected(self, link: StreamLink) -> None:
        self._connecting = None
        self._link = link
        held, self._held = self._held, []
        told, self._told = self._told, []
        for letter in held:
            link.send(letter)
        for each in told:
            each.callback(None)

    def _not_connected(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            failure = Failure(UnreachableError("broken off by us"))
        self._connecting = None
        held, self._held = self._held, []
        told, self._told = self._told, []
        for letter in held:
            letter.outcome.callback(Outcome("unreachable", failure.getErrorMessage()))
        for each in told:
            each.errback(failure)

    def _lost(self, link: StreamLink) -> None:
        if self._link is link:
            self._link = None
            self._held += link.unsent()
            if self._held:
                self._connect()


class _Link(Factory):
    """Makes the protocol of one connection."""

    noisy = False

    def __init__(self, link: StreamLink) -> None:
        self._link = link

    def buildProtocol(self, addr: object) -> StreamLink:
        return self._link
