"""Version 1: one line of text (section 2.1)."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from protocols.proxy_header.header import Family, Place, ProxyHeader, ProxyHeaderError

MARK: Final = b"PROXY "

LONGEST: Final = 107
"""Bytes of the longest line, with its CRLF: two IPv6 addresses of 39 characters, and "UNKNOWN" in front of
them (section 2.1)."""

_FAMILIES: Final[dict[str, Family]] = {"TCP4": "inet", "TCP6": "inet6"}
_PORT = re.compile(r"0|[1-9][0-9]{0,4}")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]+")


def parse_v1(line: bytes) -> ProxyHeader:
    """Read a line, without its CRLF, that begins with :data:`MARK`.

    Raises :class:`ProxyHeaderError`.
    """
    try:
        words = line.decode("ascii").split(" ")
    except UnicodeDecodeError:
        raise ProxyHeaderError("a PROXY line holds other bytes than ASCII") from None
    if words[1] == "UNKNOWN":
        return ProxyHeader()  # "the receiver must ignore anything presented before the CRLF"
    family = _FAMILIES.get(words[1])
    if family is None:
        raise ProxyHeaderError("a PROXY line names none of TCP4, TCP6 and UNKNOWN")
    if len(words) != 6:
        raise ProxyHeaderError("a PROXY line does not have two addresses and two ports")
    hosts = [_host(family, word) for word in words[2:4]]
    ports = [_port(word) for word in words[4:]]
    source, destination = (Place(host, port) for host, port in zip(hosts, ports, strict=True))
    return ProxyHeader(family=family, source=source, destination=destination)


def encode_v1(header: ProxyHeader) -> bytes:
    """The line of `header`, with its CRLF; of what is no TCP, only that there is something."""
    source, destination = header.source, header.destination
    for word, family in _FAMILIES.items():
        if header.family == family and not header.is_local and not header.datagrams:
            assert source is not None
            assert destination is not None
            ends = f"{source.host} {destination.host} {source.port} {destination.port}"
            return f"PROXY {word} {ends}\r\n".encode("ascii")
    return b"PROXY UNKNOWN\r\n"


def _host(family: Family, word: str) -> str:
    try:
        if family == "inet":
            return str(ipaddress.IPv4Address(word))
        if _IPV6.fullmatch(word):
            return str(ipaddress.IPv6Address(word))
    except ValueError:
        pass
    kind = "IPv4" if family == "inet" else "IPv6"
    raise ProxyHeaderError(f"a PROXY line holds something else in the place of an {kind} address")


def _port(word: str) -> int:
    if not _PORT.fullmatch(word) or int(word) > 65535:
        raise ProxyHeaderError("a port of a PROXY line is no number from 0 to 65535")
    return int(word)
