from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import INegotiated
from twisted.internet.testing import StringTransport
from zope.interface import directlyProvides

from protocols.peer_address import datagram_peer, plain_host, stream_peer, without_port
from protocols.session import Peer


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:0:1", "::ffff:0:1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_plain_host(host, plain):
    assert plain_host(host) == plain


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("example.org", "example.org"),
        ("example.org:8080", "example.org"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("[2001:db8::1]:443", "[2001:db8::1]"),
        ("", ""),
    ],
)
def test_without_port(host, name):
    assert without_port(host) == name


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        (IPv4Address("TCP", "192.0.2.1", 4000), Peer("tcp", "192.0.2.1", 4000)),
        (IPv6Address("TCP", "::ffff:192.0.2.1", 4000), Peer("tcp", "192.0.2.1", 4000)),
        (IPv6Address("TCP", "2001:db8::1", 4000), Peer("tcp", "2001:db8::1", 4000)),
        (UNIXAddress("/run/x"), Peer("unix", "/run/x")),
        (UNIXAddress(None), Peer("unix", "")),
        ("a pipe", Peer("tcp", "a pipe")),
    ],
)
def test_stream_peer(address, peer):
    assert stream_peer(StringTransport(peerAddress=address)) == peer


def test_stream_peer_under_tls():
    transport = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.1", 4000))
    directlyProvides(transport, INegotiated)
    assert str(stream_peer(transport)) == "tls://192.0.2.1:4000"


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (("192.0.2.1", 53), "udp://192.0.2.1:53"),
        (("::ffff:192.0.2.1", 53, 0, 0), "udp://192.0.2.1:53"),
        (("2001:db8::1", 53, 0, 0), "udp://[2001:db8::1]:53"),
        ("/run/x", "unixgram:///run/x"),
        (b"\0name", "unixgram://\0name"),
        (None, "unixgram://"),
    ],
)
def test_datagram_peer(address, text):
    assert str(datagram_peer(address)) == text
