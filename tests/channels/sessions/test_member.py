"""Members of a group, over lines."""

from __future__ import annotations

import json

from protocols.channels.errors import UnknownError
from protocols.channels.message import Entry
from protocols.channels.sessions import SubscribeHandler
from protocols.channels.sessions.member import UNANSWERED
from protocols.channels.since import NEW
from protocols.channels.store import Claim
from protocols.framing import Length


def member(channel, form="body"):
    return SubscribeHandler(channel, since=NEW, group="billing", form=form)


def test_each_answer_settles_the_oldest_message(serve, channel, group):
    peer = serve(member(channel)).connect()
    group.claim(b"a", b"b", b"c")
    assert peer.received == b"a\nb\nc\n"
    peer.send(b"done\n")
    peer.send(b"\nERROR is what it is\n")
    assert group.calls == [
        "join",
        ("settle", 1),
        ("give back", 3, "is what it is", 0.0),
        ("settle", 2),
    ]


def test_a_refusal_says_why(serve, channel, group):
    peer = serve(member(channel)).connect()
    group.claim(b"a", b"b")
    peer.send(b"ERR no such account\nERR\n")
    assert group.calls[1:] == [("give back", 1, "no such account", 0.0), ("give back", 2, "ERR", 0.0)]


def test_an_answer_to_nothing_is_a_bad_message(serve, channel, group):
    service = serve(member(channel))
    peer = service.connect()
    peer.send(b"done\n")
    assert group.calls == ["join"]
    assert service.counts.rejected == 1
    assert not peer.closing


def test_json_says_how_often_it_was_tried(serve, channel, group):
    peer = serve(member(channel, "json")).connect()
    group.claim(b"a", tries=3)
    assert json.loads(peer.received) == {"tries": 3, "seq": 1, "time": 0, "body": "a"}


def test_a_body_that_a_line_cannot_carry_is_sent_as_json(serve, channel, group):
    peer = serve(member(channel)).connect()
    group.claim(b"a\nb", tries=2)
    assert json.loads(peer.received)["tries"] == 2


def test_what_cannot_be_carried_at_all_is_given_back(serve, channel, group):
    peer = serve(member(channel), Length(size=1)).connect()
    group.claim(b"x" * 300, b"b")
    assert peer.received == b"\1b"
    peer.send(b"\2ok")
    ((what, seq, words, _), settled) = group.calls[1:]
    assert (what, seq) == ("give back", 1)
    assert "cannot carry" in words
    assert settled == ("settle", 2)


def test_messages_may_come_while_it_joins(serve, channel, group):
    channel.store._log.append([Entry(b"a"), Entry(b"x" * 300)], 0)
    group.at_once = [Claim(channel.store._log.get(1), 1), Claim(channel.store._log.get(2), 1)]
    peer = serve(member(channel), Length(size=1)).connect()
    assert peer.received == b"\1a"
    assert group.calls[1][:2] == ("give back", 2)


def test_it_leaves_once_when_its_peer_does(serve, channel, group):
    peer = serve(member(channel)).connect()
    peer.shut_down()
    peer.leave()
    assert group.calls == ["join", "leave"]


def test_a_channel_that_closes_closes_its_members(serve, channel, group):
    peer = serve(member(channel)).connect()
    group.member.cut_off("closed")
    assert peer.closing
    peer.leave()
    assert group.calls == ["join"]


def test_a_group_that_is_closed_is_no_failure(serve, channel, group):
    group.is_closed = True
    assert serve(member(channel)).connect().closing


def test_one_that_never_answers_is_closed(serve, channel, group):
    peer = serve(member(channel)).connect()
    for first in range(1, UNANSWERED + 2, 5):
        group.claim(*[b"m"] * 5, first=first)
    assert peer.closing
    assert group.calls == ["join", "leave"]


def test_waiting_for_messages_is_no_idleness(serve, channel, group, clock):
    peer = serve(member(channel), idle=10).connect()
    clock.advance(100)
    assert not peer.closing


def test_a_group_that_is_not_there_is_a_failure(serve, channel, failures):
    assert serve(member(channel)).connect().closing
    failures.take(UnknownError)
