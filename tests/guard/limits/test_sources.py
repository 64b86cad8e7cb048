from __future__ import annotations

from ipaddress import ip_network

import pytest

from protocols.guard.limits import Sources
from protocols.guard.limits.sources import HOSTS
from protocols.networks import Networks
from protocols.session import Credentials, Peer


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", None),
        ("127.9.9.9", None),
        ("::ffff:127.0.0.1", None),
        ("::1", None),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_an_address_a_prefix_or_nobody(host, source):
    sources = Sources()
    assert sources.of_host(host) == source
    assert sources.of_host(host) == source, "remembered"


def test_who_is_exempt_is_said():
    sources = Sources(Networks([ip_network("10.0.0.0/8")]))
    assert sources.of_host("10.1.2.3") is None
    assert sources.of_host("127.0.0.1") == "127.0.0.1"


def test_peers_of_unix_sockets_are_their_users():
    anybody = Peer("unix", "/run/x.sock", credentials=Credentials(1000, 1000, 7))
    assert Sources().of(anybody) is None
    strict = Sources(Networks())
    assert strict.of(anybody) == "uid 1000"
    assert strict.of(Peer("unix")) == "unix"
    assert strict.of(Peer("tcp", "192.0.2.1", 7)) == "192.0.2.1"


def test_what_is_remembered_is_bounded():
    sources = Sources()
    for number in range(HOSTS + 10):
        sources.of_host(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(sources._known) <= HOSTS
