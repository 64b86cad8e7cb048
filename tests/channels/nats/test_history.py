"""Reading from servers that lag, and letting go of what was read by; without a server."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from protocols.channels import StalledError
from protocols.channels.nats.connection import RejectedError
from protocols.channels.nats.history import LAGGING, History
from protocols.channels.nats.stored_message import Delivery
from protocols.channels.nats.subjects import Subjects
from protocols.channels.store import Extent
from protocols.handlers.coroutines import run


class FakeMessage:
    headers = None

    def __init__(self, subject, data=b"x"):
        self.subject = subject
        self.data = data


class FakeStream:
    """A leader that has `stored`, and a follower that has got the first `arrived` of them."""

    name = "s"

    def __init__(self, *stored, subjects=None):
        self.subjects = subjects or Subjects.ours("s")
        self.connection = self
        self.stored = stored
        self.arrived = len(stored)
        self.open_pulls = 0
        self.fetching = None

    async def extent(self):
        return Extent(1, len(self.stored), len(self.stored), 1)

    async def api(self, what, *, seq, next_by_subj):
        assert what == "STREAM.MSG.GET.s"
        if next_by_subj not in self.stored[seq - 1 :]:
            raise RejectedError("no message found", 10037)
        return {}

    def pull(self, after, subject):
        self.open_pulls += 1
        return FakePull(self, after, subject)


class FakePull:
    def __init__(self, stream, after, subject):
        self._stream = stream
        self._after = after
        self._subject = subject

    async def fetch(self, most, octets, patience):
        stream = self._stream
        if stream.fetching is not None:
            await stream.fetching
        after, self._after = self._after, stream.arrived
        return [
            (FakeMessage(subject), Delivery(1, seq, seq, 0, 0))
            for seq, subject in enumerate(stream.stored[: stream.arrived], 1)
            if seq > after and self._subject in ("", subject)
        ][:most]

    async def close(self):
        self._stream.open_pulls -= 1


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def reading(clock):
    """``reading(stream, after, key)``: a Deferred, or what was found at once."""

    def reading(stream, after=0, key=""):
        history = History(stream, clock, clock.seconds)

        async def cursor(after, subject):
            return stream.pull(after, subject), False

        history._cursor = cursor
        return run(history.read(after, 9, key, 1000))

    return reading


ONE_SUBJECT = Subjects("s")


@pytest.mark.parametrize(
    ("stream", "key"),
    [
        (FakeStream("s", "s.k"), ""),
        (FakeStream("s", "s.k"), "k"),
        (FakeStream("s", "k", subjects=ONE_SUBJECT), "k"),
    ],
    ids=["any", "of a key", "of a key that is in no subject"],
)
def test_a_server_that_lags_is_not_believed(reading, clock, stream, key):
    stream.arrived = 1
    found = reading(stream, 1, key)
    assert isinstance(found, Deferred)
    clock.advance(LAGGING)
    assert not found.called
    stream.arrived = 2
    clock.advance(LAGGING)
    assert [message.seq for message in found.result] == [2]
    assert stream.open_pulls == 1, "that which stands behind what was found"


def test_one_that_never_has_it_is_told_of(reading, clock):
    stream = FakeStream("s.k")
    stream.arrived = 0
    found = reading(stream, 0, "k")
    clock.pump([LAGGING] * 100)
    assert isinstance(found.result.value, StalledError)
    found.addErrback(lambda failure: None)
    assert stream.open_pulls == 0


def test_others_keys_are_not_waited_for(reading):
    stream = FakeStream("s.k", "s.other")
    stream.arrived = 1
    assert reading(stream, 1, "k") == []
    assert stream.open_pulls == 0


def test_a_read_that_is_cancelled_lets_go(reading):
    stream = FakeStream("s")
    stream.fetching = Deferred()
    found = reading(stream)
    found.cancel()
    assert isinstance(found.result.value, CancelledError)
    found.addErrback(lambda failure: None)
    assert stream.open_pulls == 0


def test_a_message_that_cannot_be_read_lets_go(reading):
    stream = FakeStream(None)
    with pytest.raises(AttributeError):
        reading(stream)
    assert stream.open_pulls == 0
