"""Connections whose output ends before their input."""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.interfaces import ISSLTransport

from protocols.framing import Raw
from protocols.stream_limits import LINGER


@pytest.fixture
def connected(serve, recording):
    """A peer, what its session hears, and the connection."""

    def connect(*provides, **addresses):
        handler = recording()
        peer = serve(handler, Raw()).connect(*provides, **addresses)
        if ISSLTransport in provides:
            peer.connection.handshakeCompleted()
        return peer, handler.calls, handler.connection

    return connect


def test_who_has_finished_still_receives(connected):
    peer, heard, connection = connected()
    connection.send(b"last")
    connection.finish()
    assert peer.received == b"last"
    assert peer.transport.half_closed
    peer.connection.writeConnectionLost()
    connection.send(b"too late")
    connection.finish()
    peer.send(b"more")
    assert heard[-1] == b"more"
    assert peer.received == b"last"
    assert not peer.transport.disconnecting


def test_both_ends_one_by_one(connected):
    peer, heard, connection = connected()
    connection.finish()
    peer.connection.writeConnectionLost()
    peer.shut_down()
    assert heard[-1] == ("ended", None)
    assert peer.transport.disconnecting


def test_inside_of_a_delivery(serve, recording):
    def last(connection, message):
        connection.send(b"last")
        connection.finish()
        connection.send(b"too late")

    handler = recording(last)
    peer = serve(handler, Raw()).connect()
    peer.send(b"1")
    peer.send(b"2")
    assert peer.received == b"last"
    assert handler.calls[-1] == b"2"


def test_what_waits_leaves_first(connected):
    peer, heard, connection = connected()
    connection.send(b"x" * 500_000)
    assert heard[-1] == "pause_writing"
    connection.finish()
    while not peer.transport.half_closed:
        assert len(peer.received) < 500_000
        peer.transport.peer_reads()
    assert peer.received == b"x" * 500_000
    peer.send(b"more")
    assert heard[-1] == b"more"


def test_what_the_transport_holds_leaves_behind_our_back(connected):
    peer, heard, connection = connected()
    connection.send(b"x" * 100_000)
    assert heard[-1] == "pause_writing"
    connection.finish()
    assert peer.transport.half_closed
    peer.send(b"more")
    assert heard[-1] == b"more"


def test_inside_of_tls(connected):
    peer, heard, connection = connected(ISSLTransport)
    connection.finish()
    assert peer.transport.disconnecting
    peer.send(b"more")
    assert heard[-1] == b"more"


def test_to_close_after_it_gives_the_peer_some_seconds(connected, clock):
    peer, _, connection = connected()
    connection.finish()
    peer.connection.writeConnectionLost()
    clock.advance(LINGER + 1)
    assert not peer.transport.disconnecting
    connection.close()
    peer.connection.writeConnectionLost()  # as transports say again when they are told again
    clock.advance(LINGER + 1)
    assert peer.transport.disconnecting


def test_silence_ends_it_all_the_same(connected, clock):
    peer, _, connection = connected()
    connection.finish()
    peer.connection.writeConnectionLost()
    clock.advance(299)
    peer.send(b"more")
    clock.advance(299)
    assert not peer.connection._closing
    clock.advance(2)
    assert peer.connection._closing


def test_where_the_peer_connected_to(connected):
    *_, connection = connected(hostAddress=IPv4Address("TCP", "192.0.2.9", 80))
    assert connection.local == ("192.0.2.9", 80)
    assert connection.tls_version == ""
    *_, connection = connected(hostAddress=UNIXAddress(b"/run/a"))
    assert connection.local == ("/run/a", 0)
