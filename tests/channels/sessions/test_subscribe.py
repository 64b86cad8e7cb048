"""A channel, streamed over lines and lengths."""

from __future__ import annotations

import json

import pytest

from protocols.channels.message import Entry
from protocols.channels.sessions import PublishHandler, SubscribeHandler
from protocols.channels.since import ALL, NEW, Since
from protocols.framing import Length, Lines


def publish(channel, *bodies, **named):
    channel.publish([Entry(body, **named) for body in bodies])
    channel.clock.advance(0)


class TestStream:
    def test_what_comes_is_sent_as_it_was_published(self, serve, channel):
        peer = serve(SubscribeHandler(channel, since=NEW)).connect()
        publish(channel, b"a")
        publish(channel, b"b", b"c")
        assert peer.received == b"a\nb\nc\n"

    def test_what_is_past_comes_first(self, serve, channel, clock):
        publish(channel, b"a", b"b", b"c")
        peer = serve(SubscribeHandler(channel, since=ALL)).connect()
        late = serve(SubscribeHandler(channel, since=Since("last"))).connect()
        publish(channel, b"d")
        assert peer.received == b"a\nb\nc\nd\n"
        assert late.received == b"c\nd\n"

    def test_one_key_only(self, serve, channel):
        peer = serve(SubscribeHandler(channel, since=NEW, key="k")).connect()
        publish(channel, b"a")
        publish(channel, b"b", key="k")
        assert peer.received == b"b\n"

    def test_json(self, serve, channel):
        peer = serve(SubscribeHandler(channel, since=NEW, form="json")).connect()
        publish(channel, b"a\nb", key="k")
        assert json.loads(peer.received) == {"seq": 1, "time": 0, "key": "k", "body": "a\nb"}

    def test_what_the_peer_says_is_not_listened_to(self, serve, channel, bodies):
        peer = serve(SubscribeHandler(channel, since=NEW)).connect()
        peer.send(b"hello\nhello\n")
        publish(channel, b"a")
        assert (peer.received, bodies(channel)) == (b"a\n", [b"a"])

    def test_a_body_that_a_line_cannot_carry_is_sent_as_json(self, serve, channel):
        peer = serve(SubscribeHandler(channel, since=NEW)).connect()
        publish(channel, b"a", b"b\nb", b"c")
        first, second, third = peer.received.splitlines()
        assert (first, third) == (b"a", b"c")
        assert json.loads(second) == {"seq": 2, "time": 0, "body": "b\nb"}

    def test_what_the_framing_cannot_carry_at_all_is_missed(self, serve, channel):
        plain = serve(SubscribeHandler(channel, since=NEW), Length(size=1)).connect()
        told = serve(SubscribeHandler(channel, since=NEW, form="json"), Length(size=1)).connect()
        publish(channel, b"a", b"x" * 300, b"c")
        assert plain.received == b"\1a\1c"
        assert b'\x0c{"missed":1}' in told.received
        assert not plain.closing

    def test_with_lengths_a_body_may_hold_anything(self, serve, channel):
        peer = serve(SubscribeHandler(channel, since=NEW), Length(size=1)).connect()
        publish(channel, b"a\nb\0")
        assert peer.received == b"\4a\nb\0"


class TestEnds:
    def test_a_peer_that_has_left_reads_no_more(self, serve, channel):
        peer = serve(SubscribeHandler(channel, since=NEW)).connect()
        assert channel.subscribers == 1
        peer.leave()
        assert channel.subscribers == 0

    @pytest.mark.parametrize("end", ["peer", "service"])
    def test_it_closes_when_either_side_ends(self, serve, channel, clock, end):
        service = serve(SubscribeHandler(channel, since=NEW))
        peer = service.connect()
        clock.advance(2)
        if end == "peer":
            peer.shut_down()
        else:
            service.factory.drain()
            clock.advance(1)
        assert peer.closing
        assert channel.subscribers == 0

    def test_a_channel_that_closes_closes_its_readers(self, serve, channel):
        peer = serve(SubscribeHandler(channel, since=NEW)).connect()
        channel.close()
        assert peer.closing

    def test_one_too_many_is_closed(self, serve, make):
        channel = make(subscribers=1)
        service = serve(SubscribeHandler(channel, since=NEW))
        first, second = service.connect(), service.connect()
        assert (first.closing, second.closing) == (False, True)

    def test_a_place_that_cannot_be_found_is_a_failure(self, serve, channel, failures):
        def seq_before(time):
            raise LookupError

        channel.store.seq_before = seq_before
        peer = serve(SubscribeHandler(channel, since=Since("ago", 5))).connect()
        assert peer.closing
        failures.take(LookupError)

    def test_a_channel_where_nothing_happens_is_no_reason_to_close(self, serve, channel, clock):
        peer = serve(SubscribeHandler(channel, since=NEW), idle=10, first_byte=5).connect()
        clock.advance(100)
        assert not peer.closing
        assert peer.connection.idle == 0

    def test_a_peer_that_never_reads_is_one(self, serve, channel, clock):
        peer = serve(SubscribeHandler(channel, since=NEW), idle=10).connect()
        publish(channel, b"x" * 70_000)
        clock.advance(11)
        clock.advance(11)
        assert peer.transport.aborted


class TestSlow:
    def test_one_that_does_not_read_costs_the_others_nothing_and_loses_nothing(self, serve, channel, clock):
        service = serve(SubscribeHandler(channel, since=NEW))
        slow, quick = service.connect(), service.connect()
        sent = [b"%05d" % n + b"x" * 1000 for n in range(500)]
        for body in sent:
            publish(channel, body)
            quick.transport.peer_reads()
        assert quick.received == b"".join(body + b"\n" for body in sent)
        assert slow.transport.unread <= slow.transport.BUFFER + 1100
        for _ in range(40):
            slow.transport.peer_reads()
            clock.advance(0)
        assert slow.received == quick.received
        assert channel.counts.dropped == 0

    def test_one_that_is_behind_by_too_much_is_told_what_it_missed(self, serve, make, clock):
        channel = make(lag=100)
        peer = serve(SubscribeHandler(channel, since=NEW, form="json")).connect()
        publish(channel, b"x" * 70_000)
        for _ in range(200):
            publish(channel, b"a")
        peer.transport.peer_reads()
        clock.advance(0)
        clock.advance(0)
        told = [json.loads(line) for line in peer.received.splitlines()]
        assert told[1]["missed"] == told[2]["seq"] - 2 >= 90
        assert told[-1]["seq"] == 201

    def test_one_that_is_cut_off_is_closed(self, serve, make):
        channel = make(lag=100, slow="disconnect")
        peer = serve(SubscribeHandler(channel, since=NEW)).connect()
        publish(channel, b"x" * 70_000)
        for _ in range(200):
            publish(channel, b"a")
        peer.transport.peer_reads()
        assert peer.closing
        assert channel.counts.disconnected == 1


class TestFanOut:
    def test_so_is_what_a_line_cannot_carry(self, serve, channel):
        class Counting:
            times = 0
            decoder = Lines().decoder
            encode = Lines().encode

            def encode_all(self, messages):
                self.times += 1
                return Lines().encode_all(messages)

        framing = Counting()
        service = serve(SubscribeHandler(channel, since=NEW), framing, connections=1000)
        peers = [service.connect() for _ in range(100)]
        publish(channel, b"a\nb", b"c")
        assert framing.times == 2
        assert {peer.received for peer in peers} == {b'{"seq":1,"time":0,"body":"a\\nb"}\nc\n'}

    def test_what_goes_to_a_thousand_is_rendered_and_encoded_once(self, serve, channel):
        class Counting:
            times = 0
            decoder = Lines().decoder
            encode = Lines().encode

            def encode_all(self, messages):
                self.times += 1
                return Lines().encode_all(messages)

        framing = Counting()
        service = serve(SubscribeHandler(channel, since=NEW), framing, connections=1000)
        peers = [service.connect() for _ in range(1000)]
        publisher = serve(PublishHandler(channel)).connect()
        publisher.send(b"a\nb\nc\n")
        channel.clock.advance(0)
        assert framing.times == 1
        assert {peer.received for peer in peers} == {b"a\nb\nc\n"}
        assert {len(peer.transport.writes) for peer in peers} == {1}
        assert channel.counts.delivered == 3000
