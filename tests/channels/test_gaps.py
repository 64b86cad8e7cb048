"""A store that knows later what it keeps, and one that has missed something."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from protocols.channels import Channel, Message, Settings
from protocols.channels.since import ALL, NEW, Since
from protocols.channels.store import Extent


class AwayStore:
    """Holds `messages`, of which nobody hears before :meth:`back`."""

    def __init__(self, *seqs):
        self.messages = [Message(seq, seq, b"%d" % seq) for seq in seqs]
        self.extent = Extent(1, 0, 0, 0)
        self.waiting = []
        self.is_back = False
        self.asking = []

    def open(self, came):
        self.came = came
        return succeed(None)

    def close(self):
        return succeed(None)

    def known(self):
        if self.is_back:
            return succeed(None)
        self.asking.append(Deferred())
        return self.asking[-1]

    def read(self, after, most=512, key=""):
        return succeed([message for message in self.messages if message.seq > after][:most])

    def seq_before(self, time):
        waiting = Deferred()
        self.waiting.append(waiting)
        return waiting

    def back(self):
        seqs = [message.seq for message in self.messages]
        self.extent = Extent(seqs[0], seqs[-1], len(seqs), 0)
        self.is_back = True
        self.came(())
        for asking in self.asking:
            asking.callback(None)
        self.asking.clear()
        for waiting in self.waiting:
            waiting.callback(seqs[-1])

    def comes(self, *seqs):
        messages = [Message(seq, seq, b"%d" % seq) for seq in seqs]
        self.messages += messages
        self.came(messages)


class Reader:
    def __init__(self):
        self.seqs = []
        self.missed_count = 0
        self.reason = None

    def came(self, batch):
        self.seqs += [message.seq for message in batch.messages]

    def missed(self, count):
        self.missed_count += count

    def cut_off(self, reason):
        self.reason = reason


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def channel_of(clock):
    def channel_of(store, **settings):
        channel = Channel("tested", store, clock=clock, settings=Settings(**settings))
        channel.open()
        return channel

    return channel_of


def reads(channel, position=0):
    reader = Reader()
    reader.subscription = channel.subscribe(reader, position)
    reader.subscription.resume()
    return reader


def test_who_wants_everything_gets_it_as_soon_as_it_is_known(channel_of, clock):
    store = AwayStore(3, 4, 5)
    channel = channel_of(store)
    reader = reads(channel)
    assert reader.seqs == []
    store.back()
    clock.advance(0)
    assert reader.seqs == [3, 4, 5]
    store.comes(6)
    clock.advance(0)
    assert reader.seqs == [3, 4, 5, 6]
    assert channel.last == 6


@pytest.mark.parametrize(
    ("since", "position"),
    [
        (NEW, 5),
        (Since("last"), 4),
        (ALL, 2),
        (Since("seq", 0), 0),
        (Since("seq", 4), 4),
        (Since("ago", 60), 5),
    ],
)
def test_nobody_begins_before_it_is_known_what_is_kept(channel_of, since, position):
    store = AwayStore(3, 4, 5)
    found = []
    channel_of(store).position(since).addCallback(found.append)
    assert found == []
    store.back()
    assert found == [position]


def test_what_was_forgotten_before_it_was_heard_of_is_missed(channel_of, clock):
    store = AwayStore(1)
    channel = channel_of(store)
    store.back()
    reader = reads(channel)
    store.comes(2)
    store.comes(5, 6)
    clock.advance(0)
    assert reader.seqs == [1, 2, 5, 6]
    assert reader.missed_count == 2
    assert channel.counts.dropped == 2


def test_what_was_not_heard_of_makes_nobody_slow(channel_of, clock):
    store = AwayStore(1)
    channel = channel_of(store, slow="disconnect", lag=16)
    store.back()
    reader = reads(channel)
    store.messages += [Message(seq, seq, b"x") for seq in range(2, 100)]
    store.comes(100)
    for _ in range(5):
        clock.advance(0)
    assert reader.seqs == list(range(1, 101))
    assert reader.reason is None


def test_groups_hear_of_what_is_there(channel_of):
    store = AwayStore(1, 2)
    channel = channel_of(store)
    heard = []
    channel.on_news.add(lambda: heard.append(channel.last))
    store.back()
    assert heard == [2]


def test_a_store_that_has_begun_anew(channel_of, clock):
    store = AwayStore(7, 8)
    channel = channel_of(store)
    store.back()
    reader = reads(channel)
    store.messages = [Message(1, 1, b"x")]
    store.waiting.clear()
    store.back()
    store.comes(2)
    clock.advance(0)
    assert reader.seqs == [7, 8, 2]


class TestALogThatWasMadeAnew:
    """As a stream of NATS that somebody has deleted: it counts from 1 again."""

    def anew(self, store):
        store.messages = []
        store.extent = Extent(1, 0, 0, 0)
        store.came(())

    @pytest.mark.parametrize("is_paused", [True, False])
    def test_whoever_reads_gets_what_comes(self, channel_of, clock, is_paused):
        channel = channel_of(store := AwayStore())
        store.comes(*range(1, 10))
        reader = reads(channel, 9)
        if is_paused:
            reader.subscription.pause()
        self.anew(store)
        store.comes(1, 2)
        clock.advance(0)
        if is_paused:
            reader.subscription.resume()
        clock.advance(0)
        assert reader.seqs == [1, 2]

    def test_whoever_is_slow_in_it_is_seen_to(self, channel_of, clock):
        channel = channel_of(store := AwayStore(), slow="disconnect", lag=32)
        reads(channel).subscription.pause()
        reader = reads(channel)
        store.comes(*range(1, 1001))
        clock.advance(0)
        self.anew(store)
        store.comes(1)
        clock.advance(0)
        reader.subscription.pause()
        other = reads(channel, 1)
        for seq in range(2, 101):
            store.comes(seq)
            clock.advance(0)
        assert reader.reason == "more than 32 messages behind"
        assert other.seqs == list(range(2, 101))
