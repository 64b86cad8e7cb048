"""What is counted of what passes."""

from __future__ import annotations

from protocols.counts import Counts
from protocols.datagram import DatagramServer
from protocols.handlers import FunctionHandler
from protocols.journal import Journal


def shout(message: bytes) -> bytes:
    return message.upper() * 2


def test_numbers_by_their_names():
    counts = Counts(messages=3, over={"per_source": 9})
    counts.responses[4] += 1
    told = counts.as_dict()
    assert told["messages"] == 3
    assert [told[f"responses_{hundred}xx"] for hundred in range(1, 6)] == [0, 0, 0, 1, 0]
    assert all(type(value) is int for value in told.values())
    assert not {"over", "responses"} & set(told)


def test_streams(serve):
    service = serve(shout)
    peer = service.connect()
    peer.send(b"a\nb")
    peer.send(b"\n" + b"c\n" * 40)
    assert service.counts.messages == 42
    assert service.counts.bytes_in == 4 + 80
    assert service.counts.bytes_out == len(peer.received) == 42 * 3


def test_messages_before_a_fault_count(serve):
    from protocols.framing import Netstring

    service = serve(shout, Netstring())
    service.connect().send(b"1:a,2:bc,x")
    assert (service.counts.messages, service.counts.framing_errors) == (2, 1)


def test_datagrams(clock):
    class Port:
        def write(self, message, address):
            return message != b"NONO"

    handler = FunctionHandler(shout, reactor=clock, run="loop")
    server = DatagramServer(handler, journal=Journal("u"))
    server.transport = Port()
    for datagram in (b"abc", b"no", b"d"):
        server.datagramReceived(datagram, ("192.0.2.1", 9))
    counts = server.journal.counts
    assert (counts.datagrams, counts.bytes_in, counts.bytes_out, counts.unsent) == (3, 6, 8, 1)
    assert counts.messages == 0
    handler.stop()


def test_datagrams_are_measured():
    moments = iter((1.0, 1.5))
    server = DatagramServer(FunctionHandlerStub(), journal=Journal("u"), seconds=lambda: next(moments))
    server.datagramReceived(b"x", ("192.0.2.1", 9))
    assert server.journal.latency.total == 0.5


class FunctionHandlerStub:
    """Answers nothing, at once."""

    direct = staticmethod(lambda message: None)
