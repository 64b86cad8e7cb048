from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.networks import Networks


def networks(*texts: str, unix: bool = False) -> Networks:
    return Networks([ip_network(text) for text in texts], unix=unix)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("10.0.0.0", True),
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("9.255.255.255", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("fd00::1", True),
        ("fd00::1%eth0", True),
        ("fe00::1", False),
        ("::a00:1", False),
        ("", False),
        ("unix", False),
    ],
)
def test_hosts(host: str, expected: bool) -> None:
    assert (host in networks("10.0.0.0/8", "192.0.2.7", "fd00::/8")) is expected


def test_nothing_is_in_an_empty_one() -> None:
    assert "127.0.0.1" not in Networks()
    assert "" not in Networks()


@pytest.mark.parametrize("host", ["", "unix", "/run/peer.sock"])
def test_the_clients_of_unix_sockets(host: str) -> None:
    assert host in networks(unix=True)
    assert host not in networks("0.0.0.0/0", "::/0")
    assert "10.0.0.1" not in networks(unix=True)


NETWORK = st.builds(
    lambda number, length: IPv4Network((number >> (32 - length) << (32 - length), length)),
    st.integers(0, 2**32 - 1),
    st.integers(1, 32),
)


@given(st.lists(NETWORK, max_size=8), st.data())
def test_it_is_each_of_its_networks(members: list[IPv4Network], data: st.DataObject) -> None:
    edges = [int(one[end]) + step for one in members for end in (0, -1) for step in (-1, 0, 1)]
    near = st.sampled_from([edge for edge in edges if 0 <= edge < 2**32] or [0])
    host = IPv4Address(data.draw(near | st.integers(0, 2**32 - 1)))
    assert (str(host) in Networks(members)) is any(host in one for one in members)


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        (networks("10.0.0.0/8"), networks("10.1.0.0/16", "10.2.3.4"), True),
        (networks("10.0.0.0/9", "10.128.0.0/9"), networks("10.0.0.0/8"), True),
        (networks("10.0.0.0/9"), networks("10.0.0.0/8"), False),
        (networks("10.0.0.0/8"), networks("10.0.0.0/8", unix=True), False),
        (networks(unix=True), networks(unix=True), True),
        (networks("::/0"), networks("10.0.0.1"), False),
        (networks("::/0"), networks("fd00::/8"), True),
        (Networks(), Networks(), True),
    ],
)
def test_what_covers_another(outer: Networks, inner: Networks, expected: bool) -> None:
    assert outer.covers(inner) is expected


def test_many_networks() -> None:
    many = Networks(IPv6Network((number << 80, 48)) for number in range(0, 2000, 2))
    assert all(str(IPv6Network((number << 80, 48))[1]) in many for number in range(0, 2000, 2))
    assert not any(str(IPv6Network((number << 80, 48))[1]) in many for number in range(1, 2000, 2))
