"""What publishers are told, over streams."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from protocols.channels.errors import StalledError, UnavailableError
from protocols.channels.sessions import PublishHandler
from protocols.channels.sessions.answers import UNDER_WAY, UNDER_WAY_BYTES
from protocols.framing import Fixed, Length


class TestAtOnce:
    def test_each_message_is_published_and_answered_by_its_seq(self, serve, channel, bodies):
        peer = serve(PublishHandler(channel)).connect()
        peer.send(b"a\nb\n")
        peer.send(b"c\n")
        assert peer.received == b"OK 1\nOK 2\nOK 3\n"
        assert bodies(channel) == [b"a", b"b", b"c"]
        assert channel.counts.published == 3

    def test_who_has_published_it_is_noted(self, serve, channel):
        peer = serve(PublishHandler(channel, key="k")).connect()
        peer.send(b"a\n")
        (message,) = channel.store._log.after(0, 1)
        assert message.sender == str(peer.connection.peer)
        assert message.key == "k"

    def test_answers_to_one_read_leave_in_one_write(self, serve, channel):
        peer = serve(PublishHandler(channel)).connect()
        peer.send(b"m\n" * 100)
        assert len(peer.transport.writes) == 1

    def test_what_is_refused_keeps_its_place_and_harms_no_other(self, serve, channel, bodies):
        service = serve(PublishHandler(channel))
        peer = service.connect()
        peer.send(b"a\nbad 1\nb\nbad 2\nc\n")
        assert peer.received == b"OK 1\nERR no 'bad 1' here\nOK 2\nERR no 'bad 2' here\nOK 3\n"
        assert bodies(channel) == [b"a", b"b", b"c"]
        assert service.counts.rejected == channel.counts.refused == 2
        assert not peer.closing

    def test_without_replies_nothing_is_said(self, serve, channel, bodies):
        service = serve(PublishHandler(channel, reply=False))
        peer = service.connect()
        peer.send(b"a\nbad\nb\n")
        assert peer.received == b""
        assert bodies(channel) == [b"a", b"b"]
        assert service.counts.rejected == 1

    def test_a_store_that_takes_nothing_is_nobodys_fault(self, serve, channel):
        service = serve(PublishHandler(channel))
        peer = service.connect()
        channel.store.close()
        peer.send(b"a\nb\n")
        assert peer.received == b"ERR the channel is closed\n" * 2
        assert (service.counts.rejected, channel.counts.unavailable) == (0, 2)

    def test_words_that_a_framing_cannot_carry_are_left_out(self, serve, channel):
        peer = serve(PublishHandler(channel), Length(size=1)).connect()
        body = b"bad" + b"x" * 250
        peer.send(bytes([len(body)]) + body + b"\1a")
        assert peer.received == b"\4OK 1"

    def test_an_answer_that_a_framing_cannot_carry_is_a_failure(self, serve, channel, failures):
        peer = serve(PublishHandler(channel), Fixed(size=3)).connect()
        peer.send(b"abc")
        assert peer.closing
        failures.take(ValueError)

    def test_an_error_of_framing_is_explained(self, serve, channel):
        peer = serve(PublishHandler(channel), Length(size=1, limit=10)).connect()
        peer.send(b"\1a\xff")
        assert b"OK 1" in peer.received
        assert b"ERR a length of 255" in peer.received
        assert peer.closing


class TestLater:
    def test_answers_keep_the_order_of_the_messages(self, serve, slow):
        peer = serve(PublishHandler(slow)).connect()
        for message in (b"a", b"b", b"c"):
            peer.send(message + b"\n")
        slow.store.commit(1)
        assert peer.received == b""
        slow.store.commit(0)
        assert peer.received == b"OK 2\nOK 1\n"
        slow.store.commit(0)
        assert peer.received == b"OK 2\nOK 1\nOK 3\n"

    def test_what_is_refused_at_once_waits_for_its_turn(self, serve, slow):
        peer = serve(PublishHandler(slow)).connect()
        peer.send(b"a\n")
        peer.send(b"bad\n")
        assert peer.received == b""
        slow.store.commit()
        assert peer.received == b"OK 1\nERR no 'bad' here\n"

    def test_messages_of_one_read_are_published_together(self, serve, slow):
        peer = serve(PublishHandler(slow)).connect()
        peer.send(b"a\nb\nc\n")
        assert len(slow.store.waiting) == 1
        slow.store.commit()
        assert peer.transport.writes == [b"OK 1\nOK 2\nOK 3\n"]

    @pytest.mark.parametrize("error", [UnavailableError("it is full"), StalledError("who knows")])
    def test_a_store_that_fails_is_told_of_each(self, serve, slow, error):
        service = serve(PublishHandler(slow))
        peer = service.connect()
        peer.send(b"a\nb\n")
        slow.store.fail(error)
        assert peer.received == f"ERR {error}\n".encode() * 2
        assert (service.counts.rejected, slow.counts.unavailable) == (0, 2)
        assert not peer.closing

    def test_any_other_failure_closes_the_connection(self, serve, slow, failures):
        peer = serve(PublishHandler(slow)).connect()
        peer.send(b"a\n")
        slow.store.fail(LookupError())
        assert peer.closing
        failures.take(LookupError)

    def test_silence_meanwhile_is_no_idleness(self, serve, slow, clock):
        peer = serve(PublishHandler(slow), idle=10).connect()
        peer.send(b"a\n")
        clock.advance(100)
        assert not peer.closing
        slow.store.commit()
        clock.advance(10)
        assert peer.closing

    def test_the_end_waits_for_what_is_owed(self, serve, slow):
        peer = serve(PublishHandler(slow)).connect()
        peer.send(b"a\n")
        peer.shut_down()
        assert not peer.closing
        slow.store.commit()
        assert peer.received == b"OK 1\n"
        assert peer.transport.disconnecting

    def test_a_service_that_ends_waits_for_what_is_owed(self, serve, slow, clock):
        service = serve(PublishHandler(slow))
        peer = service.connect()
        clock.advance(1)
        peer.send(b"a\n")
        service.factory.drain()
        assert not peer.closing
        slow.store.commit()
        assert peer.received == b"OK 1\n"
        assert peer.closing

    def test_what_is_owed_to_a_peer_that_has_left_is_published(self, serve, slow, bodies):
        peer = serve(PublishHandler(slow)).connect()
        peer.send(b"a\n")
        peer.send(b"b\n")
        peer.leave()
        slow.store.commit()
        slow.store.fail(UnavailableError("no"))
        assert bodies(slow) == [b"a"]
        assert peer.received == b""

    def test_only_so_many_messages_are_under_way(self, serve, slow):
        peer = serve(PublishHandler(slow)).connect()
        for _ in range(2 * UNDER_WAY):
            peer.send(b"m\n")
        assert len(slow.store.waiting) == UNDER_WAY
        assert peer.transport.producerState == "paused"
        for _ in range(UNDER_WAY // 2):
            slow.store.commit()
        assert peer.transport.producerState == "paused", "what has been read before comes first"
        while slow.store.waiting:
            slow.store.commit()
        assert peer.transport.producerState == "producing"
        assert peer.received.splitlines() == [b"OK %d" % (n + 1) for n in range(2 * UNDER_WAY)]

    def test_only_so_many_bytes_are_under_way(self, serve, slow):
        peer = serve(PublishHandler(slow), Length(size=4, limit=UNDER_WAY_BYTES)).connect()
        message = b"x" * (UNDER_WAY_BYTES // 2)
        for _ in range(3):
            peer.send(len(message).to_bytes(4) + message)
        assert len(slow.store.waiting) == 2
        slow.store.commit()
        assert len(slow.store.waiting) == 2

    def test_a_store_that_answers_at_once_by_a_deferred(self, serve, channel):
        take = channel.store.append
        channel.store.append = lambda entries: Deferred.fromCoroutine(_now(take(entries)))
        peer = serve(PublishHandler(channel)).connect()
        peer.send(b"a\nb\n")
        assert peer.received == b"OK 1\nOK 2\n"


async def _now(value):
    return value
