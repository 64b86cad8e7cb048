"""Those who look."""

from __future__ import annotations

import json

import pytest
from twisted.internet.defer import Deferred

from protocols.daemon.control.operations import OperationError
from protocols.daemon.dashboard.feed import GATHERED
from protocols.daemon.dashboard.sampler import Sampler
from protocols.daemon.dashboard.subject import EVERYTHING, Subject
from protocols.daemon.dashboard.viewers import HEARTBEAT, VIEWERS, Viewers
from protocols.http import HTTPError


@pytest.fixture
def viewers(operations, clock):
    return Viewers(Sampler(lambda: operations, clock), lambda: operations, clock)


class Viewer:
    """Reads a stream as fast as it comes."""

    def __init__(self, stream):
        self.stream = stream
        self.events = []
        self.over = False
        self.read()

    def read(self):
        while not self.over:
            piece = self.stream.read()
            if isinstance(piece, Deferred):
                piece.addCallbacks(self.came, lambda failure: None)
                return
            self.take(piece)

    def came(self, piece):
        self.take(piece)
        self.read()

    def take(self, piece):
        if piece is None:
            self.over = True
            return
        for event in piece.split(b"\n\n"):
            if event.startswith(b"event:"):
                kind, data = event.split(b"\n")
                self.events.append((kind[7:].decode(), json.loads(data[6:])))

    @property
    def kinds(self):
        return [kind for kind, _ in self.events]


def test_a_viewer_hears_everything_at_first_and_news_later(viewers, clock):
    viewer = Viewer(viewers.stream(EVERYTHING, False))
    clock.advance(1.0)
    clock.advance(1.0)
    assert [(kind, state["whole"]) for kind, state in viewer.events] == [
        ("state", True),
        ("state", False),
        ("state", False),
    ]
    assert viewer.events[0][1]["tables"]["services"][0]["key"] == "shout"
    viewer.stream.close()
    assert clock.getDelayedCalls() == []


def test_the_second_viewer_does_not_wait_and_gets_what_was(viewers, operations, clock, made):
    first = Viewer(viewers.stream(EVERYTHING, False))
    clock.pump([1.0, 1.0, 0.5])
    second = Viewer(viewers.stream(EVERYTHING, False))
    assert second.kinds == ["state"]
    assert second.events[0][1]["whole"]
    assert second.events[0][1]["rates"]["traffic"] == [0, 0]
    clock.advance(0.5)
    assert second.events[1] == first.events[-1]
    for viewer in (first, second):
        viewer.stream.close()
    assert clock.getDelayedCalls() == []


def test_trouble_is_told_and_everything_after_it(viewers, operations, clock):
    viewer = Viewer(viewers.stream(EVERYTHING, False))
    fine, operations.now = operations.now, OperationError("a worker\0 is gone")
    clock.advance(1.0)
    operations.now = fine
    clock.advance(1.0)
    assert viewer.events[1] == ("trouble", {"trouble": "a worker\\x00 is gone"})
    assert viewer.events[2][1]["whole"]
    viewer.stream.close()


def test_one_service(viewers, operations, clock, made):
    operations.open = [made.connection()]
    viewer = Viewer(viewers.stream(Subject("service", "shout"), False))
    clock.advance(1.0)
    assert viewer.events[1][1]["tables"]["connections"][0]["key"] == "0-1"
    operations.open = OperationError("too busy")
    clock.pump([1.0, 1.0])
    assert viewer.events[-1][1]["texts"]["listed"] == "It is not known which there are."
    operations.now = made.status()
    clock.advance(1.0)
    assert viewer.kinds[-1] == "gone"
    viewer.stream.close()
    assert clock.getDelayedCalls() == []


def test_a_tap(viewers, operations, clock, made):
    viewer = Viewer(viewers.stream(Subject("service", "shout"), True))
    operations.taps["shout"](made.frame("hello"))
    clock.advance(GATHERED)
    (frames,) = [said for kind, said in viewer.events if kind == "frames"]
    assert [frame["text"] for frame in frames["frames"]] == ["hello"]
    viewer.stream.close()
    assert operations.taps == {}


def test_a_tap_of_everything_there_is_not(viewers, operations):
    viewer = Viewer(viewers.stream(EVERYTHING, True))
    assert operations.taps == {}
    viewer.stream.close()


def test_a_tap_that_is_refused(viewers, operations, made):
    operations.now = made.status(made.service("closed"))
    viewer = Viewer(viewers.stream(Subject("service", "closed"), True))
    assert ("refused", {"refused": "closed cannot be tapped"}) in viewer.events
    viewer.stream.close()


def test_a_viewer_that_does_not_read_costs_nothing_and_hears_the_last(viewers, operations, clock, made):
    stream = viewers.stream(EVERYTHING, False)
    for n in range(20):
        operations.now = made.status(made.service(counts={"connections": n}), config=str(n))
        clock.advance(1.0)
    viewer = Viewer(stream)
    (state,) = [state for _, state in viewer.events]
    assert state["texts"]["config"] == "19"
    assert (state["whole"], len(state["rates"]["traffic"])) == (True, 20)
    stream.close()


def test_there_is_a_limit(viewers):
    streams = [viewers.stream(EVERYTHING, False) for _ in range(VIEWERS)]
    with pytest.raises(HTTPError, match="32 are watching already") as raised:
        viewers.stream(EVERYTHING, False)
    assert (raised.value.status, raised.value.headers) == (503, {"Retry-After": "5"})
    streams.pop().close()
    streams.append(viewers.stream(EVERYTHING, False))
    for stream in streams:
        stream.close()


def test_silence_is_broken(viewers, operations, clock):
    operations.now = Deferred()
    heard = []
    stream = viewers.stream(EVERYTHING, False)
    stream.read()
    stream.read().addCallback(heard.append)
    clock.advance(4.0)
    assert heard == []
    clock.advance(HEARTBEAT - 4.0)
    assert heard
    stream.close()


def test_a_service_that_stops_ends_them(viewers, clock):
    viewer = Viewer(viewers.stream(EVERYTHING, False))
    viewers.drain()
    assert viewer.over
    viewer.stream.close()
    assert clock.getDelayedCalls() == []
    with pytest.raises(HTTPError, match="stopping"):
        viewers.stream(EVERYTHING, False)


def test_the_messages_of_a_channel_are_told_to_those_who_may_see_them(operations, clock, made):
    operations.now = made.status(channels=(made.channel(),))
    operations.channels.messages = [made.message(1)]
    told = {}
    for may in (False, True):
        viewers = Viewers(Sampler(lambda: operations, clock), lambda: operations, clock, tap=may)
        viewer = Viewer(viewers.stream(Subject("channel", "readings"), True))
        clock.advance(1.0)
        told[may] = [len(state["tables"]["messages"]) for _, state in viewer.events][-1]
        viewer.stream.close()
    assert told == {False: 0, True: 1}
    assert operations.taps == {}


def test_a_channel_that_goes(operations, clock, made):
    operations.now = made.status(channels=(made.channel(),))
    viewers = Viewers(Sampler(lambda: operations, clock), lambda: operations, clock)
    viewer = Viewer(viewers.stream(Subject("channel", "readings"), False))
    operations.now = made.status()
    clock.advance(1.0)
    assert viewer.kinds == ["state", "gone"]
