"""What is told of the channels of one process."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from protocols.channels import Entry, UnavailableError
from protocols.channels.channel_counts import ChannelCounts
from protocols.channels.store import GroupExtent
from protocols.daemon.control.channel_figures import MISSING, PATIENCE, AllFigures
from protocols.daemon.control.channel_status import ForwardStatus, GroupStatus

NOW = 1_700_000_000.0


class Ignored:
    def came(self, batch):
        pass

    def missed(self, count):
        pass

    def cut_off(self, reason):
        pass

    def claimed(self, claims):
        pass


@pytest.fixture
def figures(shelf, clock):
    return AllFigures(shelf.channels, clock)


def told(figures):
    found = []
    figures.statuses().addCallback(found.extend)
    return {one.name: one for one in found}


def test_a_channel_with_nothing(shelf, figures):
    shelf.add("readings")
    one = told(figures)["readings"]
    assert (one.store, one.first, one.last, one.messages, one.octets) == ("memory", 1, 0, 0, 0)
    assert (one.oldest, one.newest, one.subscribers, one.letters, one.trouble) == (None, None, 0, 0, "")
    assert one.counts == asdict(ChannelCounts())


def test_what_a_channel_was_before_reloads_is_told_with_it(shelf, clock):
    now = shelf.add("readings", b"a", groups=["g"], dead=shelf.add("readings-dead").name)
    was, same = (shelf.add(name, b"b", groups=["g"], dead="readings-dead") for name in ("was", "same"))
    same.counts = now.counts
    for channel in (now, was, same):
        channel.subscribe(Ignored(), 0)
    was.groups["g"].join(Ignored())
    earlier = {"readings": (was, same)}
    one = told(AllFigures(shelf.channels, clock, earlier=lambda name: earlier.get(name, ())))["readings"]
    assert (one.subscribers, one.groups[0].members) == (3, 1)
    assert one.counts["published"] == 2


def test_a_channel_with_messages_and_readers(shelf, figures, clock):
    channel = shelf.add("readings", b"a", b"b")
    clock.advance(60.0)
    channel.publish([Entry(b"c")])
    channel.subscribe(Ignored(), 0)
    channel.store.trim(1)
    one = told(figures)["readings"]
    assert (one.first, one.last, one.messages, one.oldest, one.newest) == (2, 3, 2, NOW, NOW + 60.0)
    assert (one.subscribers, one.counts["published"]) == (1, 3)


def test_groups_and_their_dead_letters(shelf, figures):
    shelf.add("orders-dead")
    channel = shelf.add("orders", b"a", b"b", b"c", groups=["billing", "audit"], dead="orders-dead")
    channel.store.claim("billing", 2, 60.0)
    channel.groups["audit"].join(Ignored())
    shelf.bury("orders-dead", b"x")
    one = told(figures)["orders"]
    assert one.groups == (
        GroupStatus(name="billing", position=2, lag=1, claimed=2, members=0),
        GroupStatus(name="audit", position=0, lag=3, claimed=0, members=1),
    )
    assert (one.letters, told(figures)["orders-dead"].letters) == (1, 0)


def test_a_group_of_an_older_store_that_was_trimmed_has_no_less_than_nothing_to_do(
    shelf, figures, monkeypatch
):
    channel = shelf.add("orders", b"a", groups=["billing"])
    monkeypatch.setattr(channel.store, "group", lambda name: succeed(GroupExtent(9, 0)))
    assert told(figures)["orders"].groups[0].lag == 0


def test_a_store_that_says_what_is_wrong(shelf, figures, monkeypatch):
    channel = shelf.add("orders", b"a", groups=["billing"])
    shelf.add("readings")
    told(figures)
    with monkeypatch.context() as patched:
        patched.setattr(channel.store, "group", lambda name: fail(UnavailableError("the disk is full")))
        one = told(figures)["orders"]
    assert (one.trouble, one.messages, len(one.groups)) == ("the disk is full", 1, 1)
    assert told(figures)["readings"].trouble == ""
    assert told(figures)["orders"].trouble == "", "it is asked again each time"


def test_a_store_of_a_channel_without_groups_is_asked_too(shelf, figures, monkeypatch):
    channel = shelf.add("orders", b"a")
    monkeypatch.setattr(channel.store, "group", lambda name: fail(UnavailableError("the file is gone")))
    assert told(figures)["orders"].trouble == "the file is gone"


def test_a_store_that_gives_and_takes_nothing(shelf, figures, monkeypatch):
    channel = shelf.add("orders", b"a")
    full = UnavailableError("the disk is full")
    with monkeypatch.context() as patched:
        patched.setattr(channel.store, "append", lambda entries: fail(full))
        channel.publish([Entry(b"b")]).addErrback(lambda failure: failure.trap(UnavailableError))
    assert told(figures)["orders"].trouble == "the disk is full"
    channel.publish([Entry(b"b")])
    assert told(figures)["orders"].trouble == ""


def test_what_is_wrong_with_ours_is_logged(shelf, figures, monkeypatch, failures):
    channel = shelf.add("orders", groups=["billing"])
    monkeypatch.setattr(channel.store, "group", lambda name: fail(RuntimeError("oops")))
    assert told(figures)["orders"].trouble == "its figures are not known; the log says why"
    assert [event["channel"] for event in failures.take(RuntimeError)] == ["orders"]


def test_a_store_that_hangs_is_asked_once_and_keeps_nobody(shelf, figures, clock, monkeypatch):
    channel = shelf.add("orders", b"a", groups=["billing"])
    told(figures)
    asked: list[Deferred[GroupExtent]] = []

    def hangs(name):
        asked.append(Deferred())
        return asked[-1]

    monkeypatch.setattr(channel.store, "group", hangs)
    first = figures.statuses()
    assert not first.called
    clock.advance(PATIENCE)
    found = []
    first.addCallback(found.extend)
    assert found[0].trouble == MISSING.format(PATIENCE) == "the store has not answered for 1 s"
    clock.advance(299.0)
    assert told(figures)["orders"].trouble == "the store has not answered for 300 s", "at once"
    assert len(asked) == 1
    monkeypatch.undo()
    asked[0].callback(GroupExtent(1, 0))
    assert told(figures)["orders"].trouble == ""
    assert clock.getDelayedCalls() == []


def test_a_store_that_knows_why_it_does_not_answer(shelf, figures, clock, monkeypatch):
    channel = shelf.add("orders")
    monkeypatch.setattr(channel.store, "group", lambda name: Deferred())
    monkeypatch.setattr(channel.store, "trouble", "NATS is away: it is asleep, for 300 s", raising=False)
    found = []
    figures.statuses().addCallback(found.extend)
    clock.advance(PATIENCE)
    assert found[0].trouble == "NATS is away: it is asleep, for 300 s"


def test_the_ages_of_messages_are_read_once(shelf, figures, clock, monkeypatch):
    channel = shelf.add("readings", *[b"x"] * 3)
    channel.tail.begin(3)  # as after a start: nothing is in memory
    reads = []
    read = channel.store.read

    def counted(*arguments):
        reads.append(arguments)
        return read(*arguments)

    monkeypatch.setattr(channel.store, "read", counted)
    told(figures)
    told(figures)
    assert reads == [(0, 1), (2, 1)]


def test_channels_come_and_go(shelf, figures):
    shelf.add("old", b"a")
    told(figures)
    del shelf.channels["old"]
    shelf.add("new")
    assert [*told(figures)] == ["new"]
    shelf.add("old")
    assert told(figures)["old"].oldest is None


def test_where_messages_are_sent_on_to(shelf, clock):
    shelf.add("readings")
    forward = ForwardStatus(name="crm", to="https://crm.example")
    figures = AllFigures(shelf.channels, clock, lambda name: (forward,) if name == "readings" else ())
    assert told(figures)["readings"].forwards == (forward,)
