"""The header as a line of text."""

from __future__ import annotations

import pytest

from protocols.proxy_header import HeaderReader, Place, ProxyHeader, ProxyHeaderError, encode_v1

LINE = b"PROXY TCP4 192.0.2.1 198.51.100.9 56324 443\r\n"
HEADER = ProxyHeader(family="inet", source=Place("192.0.2.1", 56324), destination=Place("198.51.100.9", 443))

LINE6 = b"PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n"
HEADER6 = ProxyHeader(family="inet6", source=Place("2001:db8::1", 65535), destination=Place("2001:db8::2", 0))

LONGEST = b"PROXY UNKNOWN " + b"ffff:" * 7 + b"ffff " + b"ffff:" * 7 + b"ffff 65535 65535\r\n"


def feed_bytes(reader: HeaderReader, data: bytes) -> list[ProxyHeader | None]:
    return [reader.feed(data[at : at + 1]) for at in range(len(data))]


@pytest.mark.parametrize(
    ("line", "header"),
    [
        (LINE, HEADER),
        (LINE6, HEADER6),
        (b"PROXY UNKNOWN\r\n", ProxyHeader()),
        (b"PROXY UNKNOWN \x01 whatever\r\n", ProxyHeader()),
        (LONGEST, ProxyHeader()),
    ],
)
def test_whole_and_byte_by_byte_and_with_more_behind_it(line, header):
    reader = HeaderReader()
    assert reader.feed(line + b"hello\n") == header
    assert reader.rest == b"hello\n"
    reader = HeaderReader()
    assert feed_bytes(reader, line) == [None] * (len(line) - 1) + [header]
    assert reader.rest == b""


def test_the_longest_line_there_is():
    assert len(LONGEST) == 107


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"GET / HTTP/1.1\r\n", "does not begin"),
        (b"PROXy", "does not begin"),
        (b"\x16\x03\x01", "does not begin"),
        (b"PROXY TCP4 192.0.2.1 198.51.100.9 56324 443\n", "CR LF"),
        (b"PROXY \n", "CR LF"),
        (b"PROXY \r\n", "names none"),
        (b"PROXY UDP4 192.0.2.1 198.51.100.9 1 2\r\n", "names none"),
        (b"PROXY tcp4 192.0.2.1 198.51.100.9 1 2\r\n", "names none"),
        (b"PROXY TCP4\r\n", "two addresses"),
        (b"PROXY TCP4 192.0.2.1 198.51.100.9 1\r\n", "two addresses"),
        (b"PROXY TCP4 192.0.2.1 198.51.100.9 1 2 3\r\n", "two addresses"),
        (b"PROXY TCP4  192.0.2.1 198.51.100.9 1 2\r\n", "two addresses"),
        (b"PROXY TCP4 192.0.2.01 198.51.100.9 1 2\r\n", "IPv4"),
        (b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", "IPv4"),
        (b"PROXY TCP6 192.0.2.1 198.51.100.9 1 2\r\n", "IPv6"),
        (b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "IPv6"),
        (b"PROXY TCP4 192.0.2.1 198.51.100.9 01 2\r\n", "port"),
        (b"PROXY TCP4 192.0.2.1 198.51.100.9 65536 2\r\n", "port"),
        (b"PROXY TCP4 192.0.2.1 198.51.100.9 -1 2\r\n", "port"),
        (b"PROXY TCP4 192.0.2.1 198.51.100.9 1 \r\n", "port"),
        ("PROXY TCP4 192.0.2.1 198.51.100.9 1 \uff12\r\n".encode(), "ASCII"),
        (b"PROXY UNKNOWN " + b"x" * 93, "longer than 107"),
        (b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n", "longer than 107"),
    ],
)
def test_what_is_no_header_is_refused_at_once(line, problem):
    with pytest.raises(ProxyHeaderError, match=problem):
        HeaderReader().feed(line)
    with pytest.raises(ProxyHeaderError, match=problem):
        feed_bytes(HeaderReader(), line)


def test_the_other_way_round():
    assert encode_v1(HEADER) == LINE
    assert encode_v1(HEADER6) == LINE6
    assert encode_v1(ProxyHeader()) == b"PROXY UNKNOWN\r\n"
    unix = ProxyHeader(family="unix", source=Place("/a"), destination=Place("/b"))
    assert encode_v1(unix) == b"PROXY UNKNOWN\r\n"
