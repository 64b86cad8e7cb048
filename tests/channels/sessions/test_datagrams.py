"""Publishing by datagrams."""

from __future__ import annotations

import pytest

from protocols.channels.errors import UnavailableError
from protocols.channels.sessions import PublishedReplies, PublishHandler
from protocols.datagram import DatagramServer
from protocols.handlers import FunctionHandler
from protocols.journal import Journal

ALICE = ("192.0.2.1", 4000)


class Bound:
    """A socket that keeps what is sent."""

    def __init__(self, handler) -> None:
        self.sent = []
        self.server = DatagramServer(handler, journal=Journal("tested"))
        self.counts = self.server.journal.counts
        self.server.makeConnection(self)

    def write(self, data, address):
        assert address == ALICE
        self.sent.append(data)
        return True

    def receive(self, *datagrams):
        for datagram in datagrams:
            self.server.datagramReceived(datagram, ALICE)


@pytest.fixture
def function(clock):
    handler = FunctionHandler(_loud, reactor=clock, run="loop")
    yield handler
    handler.stop()


def _loud(message: str) -> str | None:
    return message.upper() if message != "nothing" else None


class TestPublish:
    def test_a_datagram_is_a_message(self, channel, bodies):
        socket = Bound(PublishHandler(channel))
        socket.receive(b"a", b"b\nb")
        assert socket.sent == [b"OK 1", b"OK 2"]
        assert bodies(channel) == [b"a", b"b\nb"]
        assert channel.store._log.get(1).sender == "udp://192.0.2.1:4000"

    def test_bad_ones_are_counted(self, channel):
        socket = Bound(PublishHandler(channel))
        socket.receive(b"a", b"bad")
        assert socket.sent == [b"OK 1", b"ERR no 'bad' here"]
        assert socket.counts.rejected == channel.counts.refused == 1
        assert not socket.server.open

    def test_nothing_is_said_without_replies(self, channel, slow, bodies):
        for one in (channel, slow):
            socket = Bound(PublishHandler(one, reply=False))
            socket.receive(b"a", b"bad", b"b")
            assert socket.sent == []
            assert socket.counts.rejected == 1
            assert not socket.server.open
        slow.store.commit()
        slow.store.fail(UnavailableError("no"))
        assert (bodies(channel), bodies(slow)) == ([b"a", b"b"], [b"a"])

    def test_what_goes_wrong_of_ours_is_logged(self, slow, failures):
        socket = Bound(PublishHandler(slow, reply=False))
        socket.receive(b"a")
        slow.store.fail(LookupError())
        failures.take(LookupError)

    def test_replies_that_come_later(self, slow):
        socket = Bound(PublishHandler(slow))
        socket.receive(b"a", b"b", b"c")
        assert len(socket.server.open) == 3
        slow.store.commit()
        slow.store.fail(UnavailableError("it is full"))
        slow.store.commit()
        assert socket.sent == [b"OK 1", b"ERR it is full", b"OK 2"]
        assert not socket.server.open


class TestPublishedReplies:
    def test_answers_are_published(self, channel, function, bodies):
        socket = Bound(PublishedReplies(function, channel))
        socket.receive(b"a", b"nothing", b"b")
        assert socket.sent == [b"OK 1", b"OK 2"]
        assert bodies(channel) == [b"A", b"B"]
        assert channel.store._log.get(1).sender == "udp://192.0.2.1:4000"
        assert not socket.server.open

    def test_later(self, slow, function, bodies):
        socket = Bound(PublishedReplies(function, slow))
        socket.receive(b"a")
        slow.store.commit()
        assert (socket.sent, bodies(slow)) == ([b"OK 1"], [b"A"])
        assert not socket.server.open

    def test_bad_ones_are_told_and_counted(self, channel, function):
        socket = Bound(PublishedReplies(function, channel))
        socket.receive(b"\xff")
        assert socket.sent[0].startswith(b"ERR ")
        assert socket.counts.rejected == 1
        assert not socket.server.open

    def test_a_function_that_answers_later(self, channel, clock, bodies):
        async def slowly(message: bytes) -> bytes:
            return message

        handler = FunctionHandler(slowly, reactor=clock)
        socket = Bound(PublishedReplies(handler, channel, reply=False))
        socket.receive(b"a")
        assert (socket.sent, bodies(channel)) == ([], [b"a"])
        handler.stop()

    def test_a_function_that_knows_its_peer(self, channel, clock, bodies):
        handler = FunctionHandler(
            lambda message, peer: f"{peer} {message.decode()}", reactor=clock, run="loop"
        )
        socket = Bound(PublishedReplies(handler, channel))
        socket.receive(b"a")
        assert socket.sent == [b"OK 1"]
        assert bodies(channel) == [b"udp://192.0.2.1:4000 a"]
        handler.stop()
