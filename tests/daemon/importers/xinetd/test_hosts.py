"""Hosts as xinetd writes them, and as rules."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.place import ValueFault
from protocols.daemon.importers.xinetd.hosts import access_rules, is_name, networks_of, written
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


def test_rules_as_people_write_them():
    assert access_rules(None, [], []) == {}
    assert access_rules(nets("10.0.0.0/8"), [], []) == {"allow": ["10.0.0.0/8"]}
    assert access_rules(None, nets("10.0.0.1"), []) == {"deny": ["10.0.0.1"]}
    assert access_rules([], [], []) == {"deny": "all"}
    assert access_rules(None, [], ["08:00-18:00"]) == {"allow": {"hours": ["08:00-18:00"]}}
    assert access_rules(nets("10.0.0.0/8"), nets("10.1.0.0/16"), []) == {
        "rules": [{"deny": ["10.1.0.0/16"]}, {"allow": ["10.0.0.0/8"]}]
    }
    assert access_rules(None, nets("10.1.0.0/16"), ["08:00-18:00"]) == {
        "rules": [{"deny": ["10.1.0.0/16"]}, {"allow": {"hours": ["08:00-18:00"]}}]
    }


NETWORKS = st.builds(
    lambda address, bits: IPv4Network((address >> (32 - bits) << (32 - bits), bits)),
    st.integers(0x0A000000, 0x0A00000F),
    st.integers(26, 32),
)


def decided(access: dict, address: IPv4Address) -> bool:
    """Whether `access` lets `address` in, as the manual of Polyport has it."""
    spec = AccessSpec.model_validate(access) if access else None
    if spec is None:
        return True
    if spec.rules is None:
        rules = [("deny", spec.deny or ()), ("allow", spec.allow or ())]
    else:
        rules = [
            ("deny" if rule.allow is None else "allow", rule.allow or rule.deny or ()) for rule in spec.rules
        ]
    for verb, selectors in rules:
        for selector in selectors:
            assert selector.networks is not None
            if any(name == "all" or address in ip_network(name) for name in selector.networks):
                return verb == "allow"
    return not any(verb == "allow" and selectors for verb, selectors in rules)


@given(st.none() | st.lists(NETWORKS, max_size=5), st.lists(NETWORKS, max_size=5), st.integers(0, 80))
def test_the_longer_prefix_wins_as_with_xinetd(allowed, denied, last):
    address = ip_address(0x0A000000 + last)
    longest_yes = max((net.prefixlen for net in allowed or () if address in net), default=-1)
    longest_no = max((net.prefixlen for net in denied if address in net), default=-1)
    expected = longest_no < 0 if allowed is None else longest_yes > longest_no
    assert decided(access_rules(allowed, denied, []), address) is expected
