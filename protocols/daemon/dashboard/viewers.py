"""Those who look at the page, each by a stream of events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime

from protocols.codec.json_codec import encode_json
from protocols.daemon.control.operations import Ask, OperationError
from protocols.daemon.dashboard.channel_view import channel_view
from protocols.daemon.dashboard.feed import Feed
from protocols.daemon.dashboard.overview_view import overview
from protocols.daemon.dashboard.poll import Poll
from protocols.daemon.dashboard.sampler import Sample, Sampler
from protocols.daemon.dashboard.service_view import service_view
from protocols.daemon.dashboard.subject import Subject
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


class Viewers:
    """Begins the streams, and ends them when the service does.

    :param tap: whether who looks may see what messages say.
    """

    def __init__(self, sampler: Sampler, ask: Ask, clock: IReactorTime, *, tap: bool = False) -> None:
        self._can_tap = tap
        self._sampler = sampler
        self._ask = ask
        self._clock = clock
        self._streams: set[EventStream] = set()
        self._draining = False
        self._shared: dict[Subject, bytes] = {}
        self._shared_of: Sample | None = None

    def check(self) -> None:
        """Raises :class:`HTTPError` (503) if there is no place for one more."""
        if self._draining or len(self._streams) >= VIEWERS:
            why = "The service is stopping" if self._draining else f"{VIEWERS} are watching already"
            raise HTTPError(503, why, {"Retry-After": "5"})

    def stream(self, subject: Subject, tapped: bool) -> EventStream:
        """The events of one more viewer of the page of `subject`, with the messages of a service if it is
        `tapped`."""
        self.check()
        feed = Feed(self._clock)
        feed.endings.append(self._follow(feed, subject))
        if tapped and subject.kind == "service":
            self._tap(feed, subject.name)
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

    def poll(self, subject: Subject) -> Poll[Any] | None:
        """What the page of `subject` needs besides how everything is."""
        if subject.kind == "service":
            return self._sampler.connections(subject.name)
        if subject.kind == "channel" and self._can_tap:
            return self._sampler.messages(subject.name)
        return None

    def _follow(self, feed: Feed, subject: Subject) -> Callable[[], None]:
        whole = True
        samples = self._sampler.samples
        poll = self.poll(subject)

        def say() -> bytes:
            nonlocal whole
            if samples.trouble or samples.latest is None:
                whole = True
                return Event({"trouble": visible(samples.trouble)}, event="trouble").octets
            whole, now = False, whole
            return self._state(subject, poll, whole=now)

        def heard() -> None:
            nonlocal whole
            if not feed.tell(say):
                whole = True

        ends = [samples.follow(heard)]
        if poll is not None:
            ends.append(poll.follow(lambda: None))  # they are told with the next sample

        def leave() -> None:
            for end in ends:
                end()

        return leave

    def _tap(self, feed: Feed, service: str) -> None:
        try:
            feed.endings.append(self._ask().tap(service, feed.hear))
        except OperationError as error:
            feed.refuse(str(error))

    def _state(self, subject: Subject, poll: Poll[Any] | None, *, whole: bool) -> bytes:
        """The event that says how everything is; made once for all who look at the same, and have heard what
        was before."""
        if whole:
            return self._encoded(subject, poll, whole=True)
        sample = self._sampler.samples.latest
        if sample is not self._shared_of:
            self._shared_of = sample
            self._shared.clear()
        if subject not in self._shared:
            self._shared[subject] = self._encoded(subject, poll, whole=False)
        return self._shared[subject]

    def _encoded(self, subject: Subject, poll: Poll[Any] | None, *, whole: bool) -> bytes:
        view = self.view(subject, poll)
        if view is None:
            return Event({"gone": True}, event="gone").octets
        return Event(encode_json(view_value(view, whole=whole)), event="state").octets

    def view(self, subject: Subject, poll: Poll[Any] | None) -> View | None:
        """What the page of `subject` shows now, with what `poll` knows; ``None`` if there is no such
        service or channel."""
        sample, history = self._sampler.samples.latest, self._sampler.history
        assert sample is not None
        known = None if poll is None or poll.trouble else poll.latest
        if subject.kind == "service":
            return service_view(subject.name, sample, history, known)
        if subject.kind == "channel":
            channel = next((one for one in sample.status.channels if one.name == subject.name), None)
            if channel is None:
                return None
            return channel_view(channel, history.channel(subject.name), sample.time, known)
        return overview(sample, history)
