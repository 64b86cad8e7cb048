from __future__ import annotations

import pytest

from protocols.client import Place


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("tcp://host:7000", Place("tcp", "host", 7000)),
        ("tls://[::1]:7443", Place("tls", "::1", 7443)),
        ("tcp://:7000", Place("tcp", "", 7000)),
        ("udp://239.1.1.1:5000%eth0", Place("udp", "239.1.1.1", 5000, interface="eth0")),
        ("unix:///run/s.sock", Place("unix", path="/run/s.sock")),
        ("unix:s.sock", Place("unix", path="s.sock")),
        ("unix:@name", Place("unix", name="name")),
        ("unixgram:///run/d.sock", Place("unixgram", path="/run/d.sock")),
    ],
)
def test_a_url_and_back(url, place):
    assert Place.parse(url) == place
    assert str(place) == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("tpc://host:1", "did you mean tcp"),
        ("host:1", "known schemes"),
        ("tcp://host", "not of the form"),
        ("tcp://host:0", "no port"),
        ("tcp://host:99999", "no port"),
        ("tcp://::1:7000", "not of the form"),
        ("tcp://[::g]:7000", "not an IPv6 address"),
        ("unix://run/s.sock", "two paths"),
        ("unix:@", "names no socket"),
        ("unix:/run/", "names no socket"),
        ("unix:" + "x" * 108, "107 bytes"),
    ],
)
def test_what_is_no_url(url, why):
    with pytest.raises(ValueError, match=why):
        Place.parse(url)


def test_an_abstract_socket_begins_with_a_zero_byte():
    assert Place.parse("unix:@name").unix == "\0name"
    assert Place.parse("unix:/a").unix == "/a"


def test_multicast():
    assert Place.parse("udp://239.1.1.1:1").multicast
    assert not Place.parse("udp://127.0.0.1:1").multicast
    assert not Place.parse("udp://host:1").multicast
