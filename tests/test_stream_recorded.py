"""A stream connection of which a record is made."""

from __future__ import annotations

import gc
import weakref

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import ISSLTransport

from protocols.framing import Lines
from protocols.journal import Journal
from protocols.session import Peer
from protocols.stream import StreamFactory
from protocols.stream_recorded import RecordedStreamConnection

PEER = {"peerAddress": IPv4Address("TCP", "192.0.2.1", 4000)}


@pytest.fixture
def recorded(serve, clock):
    """Serves a function that shouts, with what is told of its connections."""
    told = []
    service = serve(lambda message: None if message == b"quiet" else message.upper() + b"!")
    plain = service.factory
    service.factory = StreamFactory(
        plain.handler, Lines(limit=16), journal=Journal("tested"), clock=clock, tell=told.append
    )
    service.told = told
    return service


def test_one_that_ends_in_order(recorded, clock):
    peer = recorded.connect(**PEER)
    peer.send(b"a\nqui")
    clock.advance(2.5)
    peer.send(b"et\nbc\n")
    peer.shut_down()
    assert recorded.told == []
    peer.leave()
    assert peer.received == b"A!\nBC!\n"
    assert recorded.told == [(Peer("tcp", "192.0.2.1", 4000), 2.5, 3, 11, 7, "")]


def test_one_of_which_nothing_came(recorded):
    recorded.connect(**PEER).leave()
    [record] = recorded.told
    assert record[1:] == (0.0, 0, 0, 0, "")


def test_one_that_breaks_off(recorded):
    recorded.connect(**PEER).leave(ConnectionLost("reset"))
    assert "reset" in recorded.told[0].reason


def test_one_whose_bytes_make_no_sense(recorded):
    peer = recorded.connect(**PEER)
    peer.send(b"a\n" + b"x" * 20)
    peer.leave()
    [record] = recorded.told
    assert (record.messages, record.received) == (1, 22)
    assert "16" in record.reason


def test_tls_is_counted_from_the_end_of_its_handshake(recorded):
    peer = recorded.connect(ISSLTransport, **PEER)
    peer.connection.handshakeCompleted()
    peer.send(b"a\n")
    peer.leave()
    assert recorded.told[0][2:] == (1, 2, 3, "")


def test_one_whose_handshake_never_ends(recorded):
    peer = recorded.connect(ISSLTransport, **PEER)
    peer.leave(ConnectionLost())
    assert recorded.told[0][2:5] == (0, 0, 0)


def test_nothing_of_it_waits_for_the_garbage_collector(recorded):
    peer = recorded.connect(**PEER)
    peer.send(b"a\n")
    peer.leave()
    gc.collect()
    gc.disable()
    try:
        connection = weakref.ref(peer.connection)
        peer.transport.producer = None
        del peer
        assert connection() is None
    finally:
        gc.enable()


def test_it_is_one_of_its_own_only_where_somebody_wants_to_know(serve, recorded):
    assert isinstance(recorded.connect(**PEER).connection, RecordedStreamConnection)
    plain = serve(lambda message: message).connect(**PEER).connection
    assert not isinstance(plain, RecordedStreamConnection)
