"""Chats, over lines."""

from __future__ import annotations

import json

from protocols.channels.sessions import ChatHandler
from protocols.channels.since import ALL, NEW


def test_what_each_says_all_hear_in_the_same_order(serve, channel, clock):
    service = serve(ChatHandler(channel, since=NEW))
    ann, bob = service.connect(), service.connect()
    ann.send(b"hello\n")
    bob.send(b"hi\nhow are you\n")
    clock.advance(0)
    assert ann.received == bob.received == b"hello\nhi\nhow are you\n"


def test_who_comes_later_may_read_what_was_said(serve, channel, clock):
    service = serve(ChatHandler(channel, since=ALL))
    ann = service.connect()
    ann.send(b"hello\n")
    clock.advance(0)
    assert service.connect().received == b"hello\n"


def test_what_is_refused_its_author_alone_hears_of(serve, channel, clock):
    service = serve(ChatHandler(channel, since=NEW))
    ann, bob = service.connect(), service.connect()
    ann.send(b"bad\nfine\n")
    clock.advance(0)
    assert ann.received == b"ERR no 'bad' here\nfine\n"
    assert bob.received == b"fine\n"


def test_where_all_is_json_errors_are_too(serve, channel, clock):
    ann = serve(ChatHandler(channel, since=NEW, form="json")).connect()
    ann.send(b"bad\nfine\n")
    clock.advance(0)
    error, message = map(json.loads, ann.received.splitlines())
    assert error == {"error": "no 'bad' here"}
    assert (message["body"], message["from"]) == ("fine", str(ann.connection.peer))


def test_what_was_said_before_the_end_is_published(serve, slow, bodies):
    ann = serve(ChatHandler(slow, since=NEW)).connect()
    ann.send(b"bye\n")
    ann.shut_down()
    assert not ann.closing
    slow.store.commit()
    assert ann.closing
    assert bodies(slow) == [b"bye"]


def test_one_who_listens_only_is_not_idle(serve, channel, clock):
    ann = serve(ChatHandler(channel, since=NEW), idle=10).connect()
    clock.advance(100)
    assert not ann.closing
    ann.leave()
    assert channel.subscribers == 0
