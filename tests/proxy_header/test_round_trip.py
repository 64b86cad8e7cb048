"""What is written is read again, however it is cut, and nothing else brings the reader down."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from protocols.proxy_header import (
    ClientTLS,
    HeaderReader,
    Place,
    ProxyHeader,
    ProxyHeaderError,
    encode_v1,
    encode_v2,
)

PORTS = st.integers(0, 65535)
TEXTS = st.text(max_size=30)
FILLED = st.text(min_size=1, max_size=30)
PATHS = st.binary(max_size=108).map(lambda path: path.rstrip(b"\0").decode("utf-8", "surrogateescape"))
HOSTS = {
    "inet": st.ip_addresses(v=4).map(str),
    "inet6": st.ip_addresses(v=6).map(str),
    "unix": PATHS,
}
TLS = st.builds(
    ClientTLS,
    version=FILLED,
    verify=st.integers(0, 2**32 - 1),
    on_connection=st.booleans(),
    in_session=st.booleans(),
    **{
        name: st.none() | FILLED
        for name in (
            *("common_name", "cipher", "signature_algorithm", "key_algorithm"),
            *("group", "signature_scheme"),
        )
    },
    certificate=st.none() | st.binary(max_size=300),
)
UNKNOWN_TYPES = st.integers(0, 255).filter(lambda kind: kind not in (1, 2, 3, 4, 5, 0x20, 0x30))


@st.composite
def headers(draw):
    family = draw(st.sampled_from(["inet", "inet6", "unix"]))
    ports = st.just(0) if family == "unix" else PORTS
    ends = st.builds(Place, HOSTS[family], ports)
    return ProxyHeader(
        family=family,
        datagrams=draw(st.booleans()),
        source=draw(ends),
        destination=draw(ends),
        alpn=draw(st.none() | st.binary(max_size=20)),
        authority=draw(st.none() | TEXTS),
        unique_id=draw(st.none() | st.binary(max_size=128)),
        tls=draw(st.none() | TLS),
        namespace=draw(st.none() | st.text(st.characters(max_codepoint=127), max_size=20)),
        others=tuple(draw(st.lists(st.tuples(UNKNOWN_TYPES, st.binary(max_size=50)), max_size=3))),
    )


@given(headers(), st.booleans(), st.binary(max_size=20), st.data())
def test_version_2(header, checksum, rest, data):
    sent = encode_v2(header, checksum=checksum)
    cut = data.draw(st.integers(0, len(sent) - 1))
    reader = HeaderReader()
    assert reader.feed(sent[:cut]) is None
    assert reader.feed(sent[cut:] + rest) == header
    assert reader.rest == rest


@given(headers(), st.binary(max_size=20), st.data())
def test_version_1(header, rest, data):
    sent = encode_v1(header)
    cut = data.draw(st.integers(0, len(sent) - 1))
    reader = HeaderReader()
    assert reader.feed(sent[:cut]) is None
    known = header.family != "unix" and not header.datagrams
    ends = replace(ProxyHeader(), family=header.family, source=header.source, destination=header.destination)
    assert reader.feed(sent[cut:] + rest) == (ends if known else ProxyHeader())
    assert reader.rest == rest


@given(headers(), st.data())
def test_what_is_damaged_is_read_or_refused(header, data):
    sent = bytearray(encode_v2(header))
    for _ in range(data.draw(st.integers(1, 4))):
        sent[data.draw(st.integers(12, len(sent) - 1))] = data.draw(st.integers(0, 255))
    try:
        HeaderReader().feed(bytes(sent))
    except ProxyHeaderError:
        pass


@given(st.sampled_from([b"", b"PROXY ", b"PROXY TCP6 ", b"\r\n\r\n\0\r\nQUIT\n"]), st.binary(max_size=200))
def test_so_is_anything(begin, rest):
    try:
        HeaderReader().feed(begin + rest)
    except ProxyHeaderError:
        pass
