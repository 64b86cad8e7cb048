"""Several messages at once, to one connection and to many."""

from __future__ import annotations

import pytest

from protocols.framing import Length, Lines
from protocols.session import many_by


class CountingLines:
    """Lines, with the number of times that many were encoded."""

    def __init__(self) -> None:
        self.times = 0
        self._lines = Lines()
        self.decoder = self._lines.decoder
        self.encode = self._lines.encode

    def encode_all(self, messages):
        self.times += 1
        return self._lines.encode_all(messages)


class TestSendMany:
    def test_it_is_one_write_of_what_send_would_write(self, serve, recording):
        peer = serve(recording()).connect()
        peer.connection.send_many([b"a", b"b", b"c"])
        assert peer.transport.writes == [b"a\nb\nc\n"]

    def test_it_is_counted(self, serve, recording):
        service = serve(recording(), Length(size=2))
        service.connect().connection.send_many([b"a", b"bc"])
        assert service.counts.bytes_out == 7

    def test_the_same_list_is_encoded_once_for_all_connections(self, serve, recording):
        framing = CountingLines()
        service = serve(recording(), framing)
        peers = [service.connect() for _ in range(100)]
        messages = [b"a", b"b"]
        for peer in peers:
            peer.connection.send_many(messages)
        assert framing.times == 1
        assert {peer.received for peer in peers} == {b"a\nb\n"}

    def test_an_equal_list_is_another(self, serve, recording):
        peer = serve(recording()).connect()
        peer.connection.send_many([b"a"])
        peer.connection.send_many([b"b"])
        peer.connection.send_many([b"a"])
        assert peer.received == b"a\nb\na\n"

    def test_while_a_read_is_answered_it_keeps_its_place(self, serve, recording):
        def answer(connection, message):
            connection.send(b"1")
            connection.send_many([b"2", b"3"])
            connection.send(b"4")

        peer = serve(recording(answer)).connect()
        peer.send(b"x\n")
        assert peer.transport.writes == [b"1\n2\n3\n4\n"]

    def test_it_goes_behind_the_replies_of_a_batch(self, serve):
        class Batched:
            busy = False

            def open(self, connection):
                self.connection = connection
                return self

            def started(self):
                pass

            def received_many(self, messages, replies):
                for message in messages:
                    replies.append(message)
                    self.connection.send_many([b"many"])

        peer = serve(Batched()).connect()
        peer.send(b"x\ny\n")
        assert peer.received == b"x\nmany\ny\nmany\n"

    def test_nothing_is_sent_of_what_cannot_be_carried_however_often_it_is_tried(self, serve, recording):
        framing = CountingLines()
        service = serve(recording(), framing)
        messages = [b"fine", b"two\nlines"]
        for _ in range(3):
            peer = service.connect()
            with pytest.raises(ValueError, match="line ending"):
                peer.connection.send_many(messages)
            assert peer.received == b""
        assert framing.times == 1
        peer.connection.send_many([b"fine"])
        assert peer.received == b"fine\n"

    def test_nothing_is_said_on_a_closed_connection(self, serve, recording):
        peer = serve(recording()).connect()
        peer.connection.close()
        peer.connection.send_many([b"late"])
        assert peer.received == b""

    def test_what_it_says_is_no_silence(self, serve, recording, clock):
        peer = serve(recording(), idle=10, first_byte=10).connect()
        clock.advance(9)
        peer.connection.send_many([b"news"])
        clock.advance(9)
        assert not peer.closing
        clock.advance(1)
        assert peer.closing

    def test_each_message_passes_by_whoever_watches(self, serve, recording):
        service = serve(recording())
        seen = []
        service.factory.tap.watch(lambda passed: seen.append((passed.direction, passed.content)))
        peer = service.connect()
        peer.connection.send_many([b"a", b"b"])
        peer.connection.close()
        peer.connection.send_many([b"late"])
        assert seen == [("out", b"a"), ("out", b"b")]

    def test_a_peer_that_does_not_read_is_cut_off(self, serve, recording):
        service = serve(recording(), output=100_000)
        peer = service.connect()
        for _ in range(4):
            peer.connection.send_many([b"x" * 70_000])
        assert peer.transport.aborted
        assert service.counts.choked == 1


def test_a_carrier_that_has_no_send_many_sends_each(connection):
    many_by(connection)([b"a", b"b"])
    assert connection.sent == [b"a", b"b"]
