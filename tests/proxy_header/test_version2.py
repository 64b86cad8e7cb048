"""The header as binary."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from protocols.proxy_header import (
    ClientTLS,
    HeaderReader,
    Place,
    ProxyHeader,
    ProxyHeaderError,
    encode_v2,
)
from protocols.proxy_header.crc32c import crc32c

MARK = b"\r\n\r\n\0\r\nQUIT\n"
ENDS = bytes((192, 0, 2, 1, 198, 51, 100, 9)) + struct.pack("!HH", 56324, 443)
HEADER = ProxyHeader(family="inet", source=Place("192.0.2.1", 56324), destination=Place("198.51.100.9", 443))


def raw(rest: bytes, command: int = 0x21, family: int = 0x11) -> bytes:
    return MARK + struct.pack("!BBH", command, family, len(rest)) + rest


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack("!BH", kind, len(value)) + value


def ssl(flags: int, verify: int, values: bytes = b"") -> bytes:
    return tlv(0x20, struct.pack("!BI", flags, verify) + values)


def read(data: bytes) -> ProxyHeader:
    """What `data` says, which must be the same however it comes."""
    reader = HeaderReader()
    header = reader.feed(data + b"behind")
    assert reader.rest == b"behind"
    reader = HeaderReader()
    assert feed_bytes(reader, data) == [None] * (len(data) - 1) + [header]
    assert header is not None
    return header


def test_addresses():
    assert read(raw(ENDS)) == HEADER
    assert read(raw(ENDS, family=0x12)).datagrams
    ends = bytes(15) + b"\1" + bytes(15) + b"\2" + struct.pack("!HH", 1, 2)
    assert read(raw(ends, family=0x21)) == ProxyHeader(
        family="inet6", source=Place("::1", 1), destination=Place("::2", 2)
    )
    paths = b"/run/\xff".ljust(108, b"\0") + b"\0abstract".ljust(108, b"\0")
    assert read(raw(paths, family=0x31)) == ProxyHeader(
        family="unix", source=Place("/run/\udcff"), destination=Place("\0abstract")
    )


def test_a_proxy_that_speaks_for_itself():
    assert read(raw(b"", command=0x20, family=0)) == ProxyHeader(is_local=True)
    # What else it says is to be ignored, also the family.
    assert read(raw(b"\xff" * 20, command=0x20, family=0xFF)) == ProxyHeader(is_local=True)


def feed_bytes(reader: HeaderReader, data: bytes) -> list[ProxyHeader | None]:
    return [reader.feed(data[at : at + 1]) for at in range(len(data))]


@pytest.mark.parametrize("family", [0x00, 0x10, 0x01])
def test_a_proxy_that_does_not_know(family):
    assert read(raw(b"", family=family)) == ProxyHeader()
    assert read(raw(b"\xff" * 20, family=family)) == ProxyHeader()


def test_everything_that_can_be_said():
    inside = (
        tlv(0x21, b"TLSv1.3")
        + tlv(0x22, "Zoë".encode())
        + tlv(0x23, b"TLS_AES_128_GCM_SHA256")
        + tlv(0x24, b"SHA256")
        + tlv(0x25, b"EC256")
        + tlv(0x26, b"X25519")
        + tlv(0x27, b"ecdsa_secp256r1_sha256")
        + tlv(0x28, b"0\x03DER")
        + tlv(0x2F, b"?")
    )
    values = (
        tlv(0x01, b"h2")
        + tlv(0x04, b"\0\0\0")
        + tlv(0x02, b"example.org")
        + tlv(0x05, b"id" * 64)
        + ssl(0x07, 0, inside)
        + tlv(0x30, b"blue")
        + tlv(0xE4, b"own")
        + tlv(0xE4, b"twice")
        + tlv(0x04, b"")
    )
    header = read(raw(ENDS + values))
    assert header == ProxyHeader(
        family="inet",
        source=HEADER.source,
        destination=HEADER.destination,
        alpn=b"h2",
        authority="example.org",
        unique_id=b"id" * 64,
        tls=ClientTLS(
            "TLSv1.3",
            0,
            True,
            True,
            "Zoë",
            "TLS_AES_128_GCM_SHA256",
            "SHA256",
            "EC256",
            "X25519",
            "ecdsa_secp256r1_sha256",
            b"0\x03DER",
        ),
        namespace="blue",
        others=((0xE4, b"own"), (0xE4, b"twice")),
    )
    assert read(encode_v2(header)) == header
    assert read(encode_v2(header, checksum=True)) == header


@pytest.mark.parametrize(
    ("flags", "verify", "verified"),
    [
        (0x01, 0, False),  # nobody asked for a certificate
        (0x03, 0, True),
        (0x05, 0, True),
        (0x07, 1, False),
        (0x03, 18, False),
    ],
)
def test_whom_to_believe(flags, verify, verified):
    tls = read(raw(ENDS + ssl(flags, verify, tlv(0x22, b"alice")))).tls
    assert tls is not None
    assert tls.is_verified == verified


def test_a_client_that_did_not_speak_tls():
    assert read(raw(ENDS + ssl(0, 0, tlv(0x22, b"alice")))).tls is None
    assert read(raw(ENDS + ssl(0x06, 0))).tls is None


def test_checksum():
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720's algorithm, the usual check value
    data = encode_v2(HEADER, checksum=True)
    assert read(data) == HEADER
    for at in (14 + 2, len(data) - 1):
        broken = bytearray(data)
        broken[at] ^= 1
        with pytest.raises(ProxyHeaderError, match="checksum"):
            HeaderReader().feed(bytes(broken))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (MARK + b"\x11", "version or command: 0x11"),
        (MARK + b"\x31", "version or command"),
        (MARK + b"\x22", "version or command"),
        (b"\r\n\r\nGET", "does not begin"),
        (b"\r\n\r\n\0\r\nQUIT\r", "does not begin"),
        (raw(b"", family=0x41), "family or transport: 0x41"),
        (raw(ENDS, family=0x13), "family or transport"),
        (raw(ENDS[:-1]), "too short"),
        (raw(ENDS, family=0x21), "too short"),
        (raw(bytes(215), family=0x31), "too short"),
        (raw(ENDS + b"\x04"), "head of a value"),
        (raw(ENDS + b"\x04\0"), "head of a value"),
        (raw(ENDS + b"\x04\0\x01"), "value of type 0x04"),
        (raw(ENDS + tlv(0x02, b"\xff")), "UTF-8"),
        (raw(ENDS + tlv(0x30, b"\xc3\xa4")), "ASCII"),
        (raw(ENDS + tlv(0x05, bytes(129))), "unique id"),
        (raw(ENDS + tlv(0x01, b"a") * 2), "two values of type 0x01"),
        (raw(ENDS + ssl(7, 0) + ssl(7, 0)), "two values of type 0x20"),
        (raw(ENDS + tlv(0x20, b"\x07\0\0\0")), "cut short"),
        (raw(ENDS + ssl(7, 0, b"\x22\0\x05alice"[:-1])), "value of type 0x22"),
        (raw(ENDS + ssl(7, 0, tlv(0x22, b"a") + tlv(0x22, b"b"))), "two values of type 0x22"),
        (raw(ENDS + ssl(7, 0, tlv(0x22, b"\xff"))), "UTF-8"),
        (raw(ENDS + tlv(0x03, b"\0\0\0")), "4 bytes"),
        (raw(ENDS + tlv(0x03, bytes(4))), "checksum of a PROXY header is wrong"),
        (raw(ENDS + tlv(0x03, bytes(4)) * 2), "checksum"),
        (raw(ENDS + tlv(0x04, bytes(5000))), "exceeds the limit of 4096"),
    ],
)
def test_what_is_no_header_is_refused(data, problem):
    with pytest.raises(ProxyHeaderError, match=problem):
        HeaderReader().feed(data if len(data) > 15 else data + bytes(16))
    with pytest.raises(ProxyHeaderError, match=problem):
        feed_bytes(HeaderReader(), data + bytes(16))


def test_a_header_that_is_too_long_is_refused_before_it_has_come():
    with pytest.raises(ProxyHeaderError, match="limit of 4096"):
        HeaderReader().feed(MARK + b"\x21\x11\xff\xff")
    assert HeaderReader(limit=28).feed(raw(ENDS)) == HEADER


def test_what_does_not_fit_is_not_written():
    long = ProxyHeader(family="unix", source=Place("/" * 109), destination=Place(""))
    with pytest.raises(ValueError, match="108 bytes"):
        encode_v2(long)
    halves = ((0xE0, bytes(40_000)), (0xE1, bytes(40_000)))
    with pytest.raises(ValueError, match="header of 80018 bytes is too long"):
        encode_v2(replace(HEADER, others=halves))
    with pytest.raises(ValueError, match="70000 bytes"):
        encode_v2(replace(HEADER, others=((0xE0, bytes(70_000)),)))
