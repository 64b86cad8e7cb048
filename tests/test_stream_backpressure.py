"""A peer that does not read, and a session that has enough to do."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from protocols.stream_writer import PIECE


def echo(message: bytes) -> bytes:
    return message


class TestBackpressure:
    def test_session_hears_that_its_peer_does_not_read(self, serve, recording):
        handler = recording(lambda connection, _: connection.send(b"x" * 70_000))
        peer = serve(handler).connect()
        peer.send(b"a\nb\n")
        assert handler.calls == ["open", "started", b"a", "pause_writing"]
        assert peer.transport.producerState == "paused"
        peer.transport.peer_reads()
        assert handler.calls[4:] == ["resume_writing", b"b", "pause_writing"]

    def test_a_session_that_goes_on_regardless_loses_its_connection(self, serve, recording):
        service = serve(recording(), output=100_000)
        peer = service.connect()
        for _ in range(3):
            peer.connection.send(b"x" * 70_000)
        assert not peer.transport.aborted
        peer.connection.send(b"x" * 70_000)
        assert peer.transport.aborted
        assert service.factory.journal.counts.choked == 1

    def test_pause_in_the_middle_of_a_batch_holds_the_rest(self, serve, recording):
        handler = recording(lambda connection, message: message == b"2" and connection.pause())
        peer = serve(handler).connect()
        peer.send(b"1\n2\n3\n4\n")
        assert handler.calls == ["open", "started", b"1", b"2"]
        assert peer.transport.producerState == "paused"
        peer.send(b"5\n")
        assert handler.calls[4:] == []
        handler.connection.resume()
        assert handler.calls[4:] == [b"3", b"4", b"5"]
        assert peer.transport.producerState == "producing"

    def test_ended_waits_until_the_connection_is_resumed(self, serve, recording):
        handler = recording(lambda connection, _: connection.pause())
        peer = serve(handler).connect()
        peer.send(b"1\n")
        peer.shut_down()
        assert handler.calls == ["open", "started", b"1"]
        handler.connection.resume()
        assert handler.calls[3:] == [("ended", None)]

    def test_pending_awaitable_pauses_reading_and_resumes(self, serve):
        waiting: list[Deferred[bytes]] = []

        async def slow(message: bytes) -> bytes:
            waiting.append(Deferred())
            return await waiting[-1]

        peer = serve(slow, pending=3).connect()
        peer.send(b"0\n1\n2\n")
        assert peer.transport.producerState == "producing"
        peer.send(b"3\n4\n")
        assert peer.transport.producerState == "paused"
        for n in range(5):
            waiting[n].callback(b"%d" % n)
        assert peer.received == b"0\n1\n2\n3\n4\n"
        assert peer.transport.producerState == "producing"


def test_a_session_goes_on_once_the_last_piece_of_what_it_has_said_has_left(serve, recording):
    handler = recording(lambda connection, _: connection.send(b"x" * (PIECE + 100_000)))
    peer = serve(handler).connect()
    peer.send(b"go\n")
    peer.transport.peer_reads()
    assert handler.calls[-1] == "pause_writing"
    assert peer.transport.unread > peer.transport.BUFFER
    peer.transport.peer_reads()
    assert handler.calls[-1] == "resume_writing"
