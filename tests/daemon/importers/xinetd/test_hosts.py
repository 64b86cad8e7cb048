"""Hosts as xinetd writes them, and as rules."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.xinetd.hosts import access_of, hidden, is_name, networks_of, written
from protocols.daemon.spec.access import AccessSpec


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("192.0.2.7", ["192.0.2.7"]),
        ("192.0.2.0", ["192.0.2.0/24"]),
        ("10.0.0.0", ["10.0.0.0/8"]),
        ("0.0.0.0", ["0.0.0.0/0"]),
        ("128.138.{1,2}", ["128.138.1.0/24", "128.138.2.0/24"]),
        ("128.138.12.{1,2}", ["128.138.12.1", "128.138.12.2"]),
        ("1.2.3.4/24", ["1.2.3.0/24"]),
        ("1234::/46", ["1234::/46"]),
        ("2001:db8::1", ["2001:db8::1"]),
        ("::ffff:10.0.0.1", ["10.0.0.1"]),
        ("localhost", ["127.0.0.1", "::1"]),
    ],
)
def test_networks(text, networks):
    assert [written(each) for each in networks_of(text)] == networks


@pytest.mark.parametrize(
    "text", ["", "1.2.3.4/33", "999.1.1.1", "1.2.3.4.5", "1.{2", "{1,2}", "a:b", "1.2.3.4,"]
)
def test_what_is_no_host(text):
    with pytest.raises(ValueFault):
        networks_of(text)


@pytest.mark.parametrize("text", [".example.org", "www.example.org", "mynet"])
def test_names_are_told_apart(text):
    with pytest.raises(ValueFault, match="looked up"):
        networks_of(text)
    assert is_name(text)


def nets(*texts: str) -> list:
    return [ip_network(text) for text in texts]


def test_access_as_people_write_it():
    assert access_of(None, [], []) == {}
    assert access_of(nets("10.0.0.0/8"), [], []) == {"allow": ["10.0.0.0/8"]}
    assert access_of(None, nets("10.0.0.1"), []) == {"deny": ["10.0.0.1"]}
    assert access_of([], nets("10.0.0.1"), []) == {"deny": "all"}
    assert access_of(None, nets("10.0.0.1"), ["08:00-18:00"]) == {
        "allow": {"hours": ["08:00-18:00"]},
        "deny": ["10.0.0.1"],
    }
    assert access_of(nets("10.0.0.0/8"), nets("10.1.0.0/16"), ["08:00-18:00"]) == {
        "allow": {"networks": ["10.0.0.0/8"], "hours": ["08:00-18:00"]},
        "deny": ["10.1.0.0/16"],
    }


def test_who_is_allowed_and_denied_at_once():
    assert hidden(nets("10.0.0.0/8", "10.1.0.0/16", "::1"), nets("10.1.0.0/16", "::/0")) == [
        "10.1.0.0/16",
        "::1",
    ]
    assert hidden((), nets("10.0.0.0/8")) == []


NETWORKS = st.builds(
    lambda address, bits: IPv4Network((address >> (32 - bits) << (32 - bits), bits)),
    st.integers(0x0A000000, 0x0A00000F),
    st.integers(26, 32),
)


def decided(access: dict, address: IPv4Address) -> bool:
    """Whether `access` lets `address` in, as the manual of Polyport has it."""
    if not access:
        return True
    spec = AccessSpec.model_validate(access)

    def matches(selectors) -> bool:
        names = [name for selector in selectors or () for name in selector.networks]
        return any(name == "all" or address in ip_network(name) for name in names)

    return not matches(spec.deny) and (spec.allow is None or matches(spec.allow))


@given(st.none() | st.lists(NETWORKS, max_size=5), st.lists(NETWORKS, max_size=5), st.integers(0, 80))
def test_who_comes_in_is_who_comes_in_with_xinetd(allowed, denied, last):
    address = ip_address(0x0A000000 + last)
    is_allowed = allowed is None or any(address in net for net in allowed)
    is_denied = any(address in net for net in denied)
    assert decided(access_of(allowed, denied, []), address) is (is_allowed and not is_denied)
