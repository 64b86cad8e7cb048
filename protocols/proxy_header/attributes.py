"""What version 2 says beyond addresses: values with a type and a length each (section 2.2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final

from protocols.proxy_header.header import ClientTLS, ProxyHeader, ProxyHeaderError

ALPN: Final = 0x01
AUTHORITY: Final = 0x02
CRC32C: Final = 0x03
NOOP: Final = 0x04
UNIQUE_ID: Final = 0x05
SSL: Final = 0x20
NETNS: Final = 0x30

CLIENT_SSL: Final = 0x01
CLIENT_CERT_CONN: Final = 0x02
CLIENT_CERT_SESS: Final = 0x04

SSL_TEXTS: Final = {
    0x21: "version",
    0x22: "common_name",
    0x23: "cipher",
    0x24: "signature_algorithm",
    0x25: "key_algorithm",
    0x26: "group",
    0x27: "signature_scheme",
}
"""The values of text inside of SSL, and what they are called here."""
SSL_CLIENT_CERT: Final = 0x28

LONGEST_UNIQUE_ID: Final = 128
"""Bytes (section 2.2.5)."""

_HEAD = struct.Struct("!BH")
_SSL = struct.Struct("!BI")


def split(data: bytes, start: int = 0) -> Iterator[tuple[int, int, int]]:
    """The type of each value in `data` from `start` on, and where the value begins and ends.

    Raises :class:`ProxyHeaderError` if one is not whole.
    """
    at = start
    while at < len(data):
        if at + _HEAD.size > len(data):
            raise ProxyHeaderError("a PROXY header ends within the head of a value")
        kind, length = _HEAD.unpack_from(data, at)
        begin = at + _HEAD.size
        at = begin + length
        if at > len(data):
            raise ProxyHeaderError(f"a PROXY header ends within the value of type {kind:#04x}")
        yield kind, begin, at


def value(kind: int, content: bytes) -> bytes:
    """One value, as it is sent.  Raises :class:`ValueError` if it is longer than 65,535 bytes."""
    if len(content) > 0xFFFF:
        raise ValueError(f"a value of {len(content)} bytes does not fit a PROXY header")
    return _HEAD.pack(kind, len(content)) + content


def read(data: bytes, start: int) -> dict[str, Any]:
    """What the values in `data` from `start` on say, by the names of :class:`ProxyHeader`'s fields.

    A checksum has been looked at before.  Raises :class:`ProxyHeaderError`.
    """
    found: dict[str, Any] = {}
    others: list[tuple[int, bytes]] = []
    seen: set[int] = set()
    for kind, begin, end in split(data, start):
        content = data[begin:end]
        if kind == NOOP:
            continue  # padding
        if kind not in _READERS and kind != CRC32C:
            others.append((kind, content))
            continue
        if kind in seen:
            # Whoever looks at the first only, and whoever looks at the last, must not read two things.
            raise ProxyHeaderError(f"a PROXY header holds two values of type {kind:#04x}")
        seen.add(kind)
        if kind != CRC32C:
            name, reader = _READERS[kind]
            found[name] = reader(content)
    return {**found, "others": tuple(others)}


def write(header: ProxyHeader) -> bytes:
    """The values of `header`, without a checksum."""
    parts = []
    if header.alpn is not None:
        parts.append(value(ALPN, header.alpn))
    if header.authority is not None:
        parts.append(value(AUTHORITY, header.authority.encode()))
    if header.unique_id is not None:
        parts.append(value(UNIQUE_ID, header.unique_id))
    if header.tls is not None:
        parts.append(value(SSL, _write_tls(header.tls)))
    if header.namespace is not None:
        parts.append(value(NETNS, header.namespace.encode("ascii")))
    parts += [value(kind, content) for kind, content in header.others]
    return b"".join(parts)


def _read_tls(content: bytes) -> ClientTLS | None:
    if len(content) < _SSL.size:
        raise ProxyHeaderError("what a PROXY header says of TLS is cut short")
    flags, verify = _SSL.unpack_from(content)
    found: dict[str, Any] = {}
    for kind, begin, end in split(content, _SSL.size):
        name = SSL_TEXTS.get(kind, "certificate" if kind == SSL_CLIENT_CERT else "")
        if name in found:
            raise ProxyHeaderError(f"a PROXY header holds two values of type {kind:#04x}")
        if name:
            found[name] = content[begin:end] if kind == SSL_CLIENT_CERT else _text(content[begin:end])
    if not flags & CLIENT_SSL:
        return None
    return ClientTLS(
        verify=verify,
        on_connection=bool(flags & CLIENT_CERT_CONN),
        in_session=bool(flags & CLIENT_CERT_SESS),
        **found,
    )


def _write_tls(tls: ClientTLS) -> bytes:
    flags = CLIENT_SSL
    flags |= CLIENT_CERT_CONN if tls.on_connection else 0
    flags |= CLIENT_CERT_SESS if tls.in_session else 0
    parts = [_SSL.pack(flags, tls.verify)]
    for kind, name in SSL_TEXTS.items():
        text = getattr(tls, name)
        if text:
            parts.append(value(kind, text.encode()))
    if tls.certificate is not None:
        parts.append(value(SSL_CLIENT_CERT, tls.certificate))
    return b"".join(parts)


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ProxyHeaderError("a text of a PROXY header is not UTF-8") from None


def _unique_id(content: bytes) -> bytes:
    if len(content) > LONGEST_UNIQUE_ID:
        raise ProxyHeaderError(f"the unique id of a PROXY header is longer than {LONGEST_UNIQUE_ID} bytes")
    return content


def _namespace(content: bytes) -> str:
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        raise ProxyHeaderError("the namespace of a PROXY header is not ASCII") from None


_READERS: Final[dict[int, tuple[str, Any]]] = {
    ALPN: ("alpn", bytes),
    AUTHORITY: ("authority", _text),
    UNIQUE_ID: ("unique_id", _unique_id),
    SSL: ("tls", _read_tls),
    NETNS: ("namespace", _namespace),
}
"""What is read of each type, and the field it goes to."""
