"""Version 2: binary (section 2.2)."""

from __future__ import annotations

import ipaddress
import os
import struct
from typing import Final

from protocols.proxy_header import attributes
from protocols.proxy_header.crc32c import crc32c
from protocols.proxy_header.header import Family, Place, ProxyHeader, ProxyHeaderError

MARK: Final = b"\r\n\r\n\0\r\nQUIT\n"

HEAD: Final = 16
"""Bytes in front of the addresses: the mark, version and command, family and transport, length."""

_VERSION: Final = 0x20
_LOCAL, _PROXY = 0, 1
_FAMILIES: Final[dict[int, tuple[Family, int]]] = {
    0x10: ("inet", 4),
    0x20: ("inet6", 16),
    0x30: ("unix", 108),
}
"""By their number: the family, and the bytes of one of its addresses."""
_STREAM, _DATAGRAM = 1, 2
_CHECKSUM: Final = 4  # bytes


def length_v2(head: bytes) -> int:
    """The bytes of the header that begins with `head`, all of it.

    Raises :class:`ProxyHeaderError` if version or command are none that are known: what comes then could be
    anything.
    """
    if head[12] & 0xF0 != _VERSION or head[12] & 0x0F > _PROXY:
        raise ProxyHeaderError(f"a PROXY header has an unknown version or command: {head[12]:#04x}")
    return HEAD + int.from_bytes(head[14:16], "big")


def parse_v2(data: bytes) -> ProxyHeader:
    """Read a whole header.  Raises :class:`ProxyHeaderError`."""
    if data[12] & 0x0F == _LOCAL:
        return ProxyHeader(is_local=True)  # "must discard the protocol block including the family"
    number, transport = data[13] & 0xF0, data[13] & 0x0F
    if transport > _DATAGRAM or (number and number not in _FAMILIES):
        raise ProxyHeaderError(f"a PROXY header has an unknown family or transport: {data[13]:#04x}")
    if not number or not transport:
        # There are no addresses, or none that say anything, so nobody knows where values would begin.
        return ProxyHeader()
    family, size = _FAMILIES[number]
    start = HEAD + 2 * size + (0 if family == "unix" else 4)
    if len(data) < start:
        raise ProxyHeaderError("a PROXY header is too short for its addresses")
    _check_sum(data, start)
    hosts = [_host(family, data[HEAD + at : HEAD + at + size]) for at in (0, size)]
    ports = (0, 0) if family == "unix" else struct.unpack_from("!HH", data, start - 4)
    return ProxyHeader(
        family=family,
        datagrams=transport == _DATAGRAM,
        source=Place(hosts[0], ports[0]),
        destination=Place(hosts[1], ports[1]),
        **attributes.read(data, start),
    )


def encode_v2(header: ProxyHeader, *, checksum: bool = False) -> bytes:
    """The bytes of `header`.

    Raises :class:`ValueError` if something in it does not fit.
    """
    if header.is_local or header.family is None:
        command = _LOCAL if header.is_local else _PROXY
        return MARK + bytes((_VERSION | command, 0, 0, 0))
    assert header.source is not None
    assert header.destination is not None
    number, size = next((n, size) for n, (family, size) in _FAMILIES.items() if family == header.family)
    rest = b"".join(_octets(header.family, size, place.host) for place in (header.source, header.destination))
    if header.family != "unix":
        rest += struct.pack("!HH", header.source.port, header.destination.port)
    rest += attributes.write(header)
    if checksum:
        rest += attributes.value(attributes.CRC32C, bytes(_CHECKSUM))
    if len(rest) > 0xFFFF:
        raise ValueError(f"a PROXY header of {len(rest)} bytes is too long")
    transport = _DATAGRAM if header.datagrams else _STREAM
    data = MARK + struct.pack("!BBH", _VERSION | _PROXY, number | transport, len(rest)) + rest
    return data[:-_CHECKSUM] + crc32c(data).to_bytes(_CHECKSUM, "big") if checksum else data


def _check_sum(data: bytes, start: int) -> None:
    for kind, begin, end in attributes.split(data, start):
        if kind == attributes.CRC32C:
            if end - begin != _CHECKSUM:
                raise ProxyHeaderError("the checksum of a PROXY header does not have 4 bytes")
            if int.from_bytes(data[begin:end], "big") != crc32c(data[:begin] + bytes(4) + data[end:]):
                raise ProxyHeaderError("the checksum of a PROXY header is wrong")
            return


def _host(family: Family, octets: bytes) -> str:
    if family == "inet":
        return str(ipaddress.IPv4Address(octets))
    if family == "inet6":
        return str(ipaddress.IPv6Address(octets))
    return os.fsdecode(octets.rstrip(b"\0"))


def _octets(family: Family, size: int, host: str) -> bytes:
    if family == "inet":
        return ipaddress.IPv4Address(host).packed
    if family == "inet6":
        return ipaddress.IPv6Address(host).packed
    path = os.fsencode(host)
    if len(path) > size:
        raise ValueError(f"the path of a Unix socket is longer than {size} bytes")
    return path.ljust(size, b"\0")
