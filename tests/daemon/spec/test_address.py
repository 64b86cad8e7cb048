"""Addresses as URLs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.spec.address import MAX_UNIX_PATH, Address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://:7000", Address("tcp", "", 7000)),
        ("tcp://127.0.0.1:0", Address("tcp", "127.0.0.1", 0)),
        ("tcp://[::1]:7000", Address("tcp", "::1", 7000)),
        ("tls://example.test:65535", Address("tls", "example.test", 65535)),
        ("tls://localhost:1", Address("tls", "localhost", 1)),
        ("udp://[::]:5353", Address("udp", "::", 5353)),
        ("udp://239.1.1.1:5000%eth0", Address("udp", "239.1.1.1", 5000, interface="eth0")),
        ("udp://[ff02::1]:5000%eth0", Address("udp", "ff02::1", 5000, interface="eth0")),
        ("unix:///run/a.sock", Address("unix", path="/run/a.sock")),
        ("unix:run/a.sock", Address("unix", path="run/a.sock")),
        ("unix:@name", Address("unix", name="name")),
        ("unixgram:///run/a.sock", Address("unixgram", path="/run/a.sock")),
        ("unixgram:@name", Address("unixgram", name="name")),
        ("fd://web", Address("fd", name="web")),
    ],
)
def test_parsed_and_given_back(text: str, expected: Address) -> None:
    assert Address.parse(text) == expected
    assert str(expected) == text


def test_one_slash_is_a_path_too() -> None:
    assert Address.parse("unix:/run/a.sock") == Address("unix", path="/run/a.sock")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://:65536", "not a number from 0 to 65535"),
        ("tcp://:99999999999", "not a number from 0 to 65535"),
        ("tcp://:-1", "not a number from 0 to 65535"),
        ("tcp://:x", "not a number from 0 to 65535"),
        ("tcp://:", "has no port"),
        ("tcp://", "has no port"),
        ("tcp://host", "write tcp://host:PORT"),
        ("tcp:7000", "write tcp://:7000"),
        ("tls:host:7000", "write tls://host:7000"),
        ("tcp", "is no address"),
        ("", "is no address"),
        ("7000", "did you mean tcp://:7000"),
        (":7000", "did you mean tcp://:7000"),
        ("tcp://:7000/path", "is not of the form"),
        ("tcp://::1:7000", "stands in brackets"),
        ("tcp://[127.0.0.1]:7000", "is not an IPv6 address"),
        ("tcp://1.2.3:7000", "is not an IPv4 address"),
        ("tcp://a b:7000", "is not a host name"),
        ("tcp://user@host:7000", "is not a host name"),
        ("tcp://*:7000", "leave the host out"),
        ("udp://127.0.0.1:5000%eth0", "only for a multicast group"),
        ("udp://239.1.1.1:5000%a-name-that-is-too-long", "is not the name of an interface"),
        ("utp://:7000", "did you mean udp"),
        ("https://:8443", "tls://"),
        ("http://:8080", '"listen: tcp://'),
        ("unix:", "names no socket"),
        ("unix:@", "names no socket"),
        ("unix:run/", "names no socket"),
        ("unix:a\0b", "zero byte"),
        ("unix:@" + "x" * 108, "longer than 107 bytes"),
        ("unix://run/a.sock", "write unix:///run/a.sock or unix:run/a.sock"),
        ("fd://", "FileDescriptorName="),
        ("fd://a b", "FileDescriptorName="),
        ("fd:web", "write fd://web"),
    ],
)
def test_refused_with_help(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        Address.parse(text)


def test_families() -> None:
    assert Address.parse("unix:@a").family == "stream"
    assert Address.parse("tls://:1").family == "stream"
    assert Address.parse("unixgram:@a").family == "datagram"
    assert Address.parse("udp://:1").family == "datagram"
    assert Address.parse("fd://a").family is None


def test_multicast() -> None:
    assert Address.parse("udp://239.1.1.1:5000").is_multicast
    assert Address.parse("udp://[ff02::1]:5000").is_multicast
    assert not Address.parse("udp://127.0.0.1:5000").is_multicast
    assert not Address.parse("udp://:5000").is_multicast


def test_relative_paths_begin_in_a_folder() -> None:
    relative = Address.parse("unix:run/../a.sock")
    assert relative.within(Path("/etc/polyport")).path == "/etc/polyport/a.sock"
    absolute = Address.parse("unix:///run/a.sock")
    assert absolute.within(Path("/etc")) == absolute
    assert Address.parse("tcp://:1").within(Path("/etc")) == Address("tcp", "", 1)


def test_a_path_fits_its_socket() -> None:
    folder = Path("/" + "x" * (MAX_UNIX_PATH - 3))
    assert len(Address.parse("unix:a").within(folder).path) == MAX_UNIX_PATH
    with pytest.raises(ValueError, match="has 108 bytes, and the system allows 107"):
        Address.parse("unix:ab").within(folder)
    with pytest.raises(ValueError, match="bytes"):
        Address.parse("unix:é").within(folder)


@given(st.ip_addresses(), st.integers(0, 65535), st.sampled_from(["tcp", "tls", "udp"]))
def test_any_ip_address(ip: object, port: int, scheme: str) -> None:
    host = f"[{ip}]" if ":" in str(ip) else str(ip)
    text = f"{scheme}://{host}:{port}"
    assert str(Address.parse(text)) == text


@given(st.text(), st.sampled_from(["", "tcp://", "udp://", "unix:", "unix://", "fd://", "tcp:"]))
def test_any_text_is_an_address_or_a_value_error(text: str, scheme: str) -> None:
    try:
        address = Address.parse(scheme + text)
    except ValueError:
        return
    assert Address.parse(str(address)) == address
