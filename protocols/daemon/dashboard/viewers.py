"""Those who look at the page, each by a stream of events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IReactorTime

from protocols.codec.json_codec import encode_json
from protocols.daemon.control.operations import Ask, OperationError
from protocols.daemon.control.status import ConnectionStatus
from protocols.daemon.dashboard.feed import Feed
from protocols.daemon.dashboard.overview_view import overview
from protocols.daemon.dashboard.poll import Poll
from protocols.daemon.dashboard.sampler import Sample, Sampler
from protocols.daemon.dashboard.service_view import service_view
from protocols.daemon.dashboard.view import View, view_value
from protocols.daemon.dashboard.wording import visible
from protocols.http import Event, HTTPError
from protocols.http.event import retry_line
from protocols.http.routes.event_stream import EventStream

VIEWERS: Final = 32
"""Streams of one page at a time: a team and their screens on the wall."""

RETRY: Final = 2.0
"""Seconds after which a browser comes back."""

HEARTBEAT: Final = 15.0
"""Seconds of silence before a comment: there is an event each second, unless the daemon does not answer."""


Connections = Poll[list[ConnectionStatus]]


class Viewers:
    """Begins the streams, and ends them when the service does."""

    def __init__(self, sampler: Sampler, ask: Ask, clock: IReactorTime) -> None:
        self._sampler = sampler
        self._ask = ask
        self._clock = clock
        self._streams: set[EventStream] = set()
        self._draining = False
        self._shared: dict[str | None, bytes] = {}
        self._shared_of: Sample | None = None

    def check(self) -> None:
        """Raises :class:`HTTPError` (503) if there is no place for one more."""
        if self._draining or len(self._streams) >= VIEWERS:
            why = "The service is stopping" if self._draining else f"{VIEWERS} are watching already"
            raise HTTPError(503, why, {"Retry-After": "5"})

    def stream(self, service: str | None, tapped: bool) -> EventStream:
        """The events of one more viewer: of the first page, or that of `service`, with its messages if it is
        `tapped`."""
        self.check()
        feed = Feed(self._clock)
        feed.endings.append(self._follow(feed, service))
        if tapped and service is not None:
            self._tap(feed, service)
        stream = EventStream(
            feed,
            beginning=retry_line(RETRY),
            heartbeat=HEARTBEAT,
            clock=self._clock,
            released=self._streams.discard,
        )
        self._streams.add(stream)
        return stream

    def drain(self) -> None:
        """End the streams, and begin no other."""
        self._draining = True
        for stream in list(self._streams):
            stream.drain()

    def _follow(self, feed: Feed, service: str | None) -> Callable[[], None]:
        whole = True
        samples = self._sampler.samples
        connections = None if service is None else self._sampler.connections(service)

        def say() -> bytes:
            nonlocal whole
            if samples.trouble or samples.latest is None:
                whole = True
                return Event({"trouble": visible(samples.trouble)}, event="trouble").octets
            whole, now = False, whole
            return self._state(service, connections, whole=now)

        def heard() -> None:
            nonlocal whole
            if not feed.tell(say):
                whole = True

        ends = [samples.follow(heard)]
        if connections is not None:
            ends.append(connections.follow(lambda: None))  # they are told with the next sample

        def leave() -> None:
            for end in ends:
                end()

        return leave

    def _tap(self, feed: Feed, service: str) -> None:
        try:
            feed.endings.append(self._ask().tap(service, feed.hear))
        except OperationError as error:
            feed.refuse(str(error))

    def _state(self, service: str | None, connections: Connections | None, *, whole: bool) -> bytes:
        """The event that says how everything is; made once for all who look at the same, and have heard what
        was before."""
        if whole:
            return self._encoded(service, connections, whole=True)
        sample = self._sampler.samples.latest
        if sample is not self._shared_of:
            self._shared_of = sample
            self._shared.clear()
        if service not in self._shared:
            self._shared[service] = self._encoded(service, connections, whole=False)
        return self._shared[service]

    def _encoded(self, service: str | None, connections: Connections | None, *, whole: bool) -> bytes:
        view = self.view(service, connections)
        if view is None:
            return Event({"gone": True}, event="gone").octets
        return Event(encode_json(view_value(view, whole=whole)), event="state").octets

    def view(self, service: str | None, connections: Connections | None) -> View | None:
        """What the first page, or that of `service` with its `connections`, shows now; ``None`` if there is
        no such service."""
        sample = self._sampler.samples.latest
        assert sample is not None
        if service is None or connections is None:
            return overview(sample, self._sampler.history)
        known = connections.latest if not connections.trouble else None
        return service_view(service, sample, self._sampler.history, known)
