from __future__ import annotations

from protocols.source import source_of


def test_every_ipv4_address_is_a_source() -> None:
    assert source_of("192.0.2.7") != source_of("192.0.2.8")


def test_ipv6_addresses_of_one_64_are_one() -> None:
    assert source_of("2001:db8:0:1::1") == source_of("2001:db8:0:1:ffff::2")
    assert source_of("2001:db8:0:1::1") != source_of("2001:db8:0:2::1")
    assert source_of("fe80::1%eth0") == source_of("fe80::2%eth0")


def test_what_is_no_address_is_itself() -> None:
    assert source_of("") == ""
    assert source_of("/run/a:b.sock") == "/run/a:b.sock"
