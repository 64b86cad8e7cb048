"""What one viewer is told."""

from __future__ import annotations

import json

import pytest
from twisted.internet.defer import Deferred

from protocols.daemon.dashboard.feed import GATHERED, HELD, TEXT, Feed


@pytest.fixture
def feed(clock):
    return Feed(clock)


def took(feed):
    """What can be taken now; ``None`` if one would have to wait."""
    batch = feed.take()
    return None if isinstance(batch, Deferred) else batch.items


def frames_of(event):
    assert event.startswith(b"event: frames\ndata: ")
    return json.loads(event.partition(b"data: ")[2])


def test_of_what_stands_for_all_before_it_only_the_last_is_told(feed):
    assert feed.tell(lambda: b"1")
    assert not feed.tell(lambda: b"2")
    assert took(feed) == [b"2"]
    assert took(feed) is None


def test_a_viewer_that_waits_hears_at_once(feed):
    heard = []
    feed.take().addCallback(lambda batch: heard.append(batch.items))
    feed.tell(lambda: b"1")
    assert heard == [[b"1"]]
    feed.tell(lambda: b"2")
    assert (heard, took(feed)) == ([[b"1"]], [b"2"])


def test_messages_are_gathered(feed, clock, made):
    heard = []
    feed.take().addCallback(lambda batch: heard.extend(batch.items))
    feed.hear(made.frame("a\u202e", took=0.002))
    feed.hear(made.frame("b" * TEXT * 2, direction="out", missed=3))
    assert heard == []
    clock.advance(GATHERED)
    said = frames_of(heard[0])
    assert said["missed"] == 3
    first, second = said["frames"]
    assert (first["text"], first["way"], first["took"]) == ("a\\u202e", "in", "2\u202fms")
    assert (second["text"], second["way"], second["took"]) == ("b" * TEXT, "out", "")


def test_what_else_there_is_does_not_wait_for_them(feed, clock, made):
    heard = []
    feed.take().addCallback(lambda batch: heard.extend(batch.items))
    feed.hear(made.frame())
    feed.tell(lambda: b"1")
    assert heard == [b"1"]
    assert took(feed) is None
    feed.close()


def test_a_flood_costs_no_memory(feed, clock, made):
    for _ in range(HELD * 10):
        feed.hear(made.frame())
    clock.advance(GATHERED)
    (event,) = took(feed)
    said = frames_of(event)
    assert (len(said["frames"]), said["missed"]) == (HELD, HELD * 9)
    assert took(feed) is None


def test_a_tap_that_is_refused(feed):
    feed.refuse("no such service")
    assert took(feed) == [b'event: refused\ndata: {"refused":"no such service"}\n\n']


def test_one_who_leaves(feed, clock, made):
    ended = []
    feed.endings.append(lambda: ended.append(True))
    feed.take()
    feed.hear(made.frame())
    feed.close()
    feed.hear(made.frame())
    feed.tell(lambda: b"1")
    assert (ended, clock.getDelayedCalls()) == ([True], [])
