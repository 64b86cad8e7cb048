from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.guard.tls.client_hello import LARGEST_HELLO, HelloReader, canonical, server_name


def record(content: bytes, kind: int = 22) -> bytes:
    return bytes([kind, 3, 1]) + len(content).to_bytes(2, "big") + content


def vector(size: int, content: bytes) -> bytes:
    return len(content).to_bytes(size, "big") + content


def extension(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(2, "big") + vector(2, content)


def body(*extensions: bytes) -> bytes:
    start = b"\3\3" + bytes(32) + vector(1, b"") + vector(2, b"\x13\x01") + vector(1, b"\0")
    return start + vector(2, b"".join(extensions))


def message(content: bytes, kind: int = 1) -> bytes:
    return bytes([kind]) + vector(3, content)


def sni(name: bytes, kind: int = 0) -> bytes:
    return extension(0, vector(2, bytes([kind]) + vector(2, name)))


HELLO = message(body(extension(10, b"\0\2\0\x1d"), sni(b"Admin.Example.org.")))


def test_the_name_of_a_real_client(reading_hello):
    hello = reading_hello("a.example.org")
    reader = HelloReader()
    assert reader.feed(hello) == hello
    assert reader.name == "a.example.org"


def test_a_real_client_without_a_name(reading_hello):
    hello = reading_hello(None)
    reader = HelloReader()
    assert (reader.feed(hello), reader.name) == (hello, None)


def test_byte_by_byte():
    stream, reader = record(HELLO), HelloReader()
    for byte in stream[:-1]:
        assert reader.feed(bytes([byte])) is None
    assert reader.feed(stream[-1:]) == stream
    assert reader.name == "admin.example.org"


def test_in_several_records_and_with_what_follows():
    stream = record(HELLO[:3]) + record(HELLO[3:40]) + record(HELLO[40:]) + b"more"
    reader = HelloReader()
    assert (reader.feed(stream), reader.name) == (stream, "admin.example.org")


@pytest.mark.parametrize(
    "stream",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        record(b"", 22),
        record(b"\2\50", 21),
        record(message(b"", 2)),
        record(message(b"")),
        record(message(body()[:40])),
        record(message(body(sni(b"a.test")[:-1]))),
        record(message(body(extension(0, b"")))),
        record(message(body(sni(b"a.test", kind=7)))),
        record(message(body(sni("ü.test".encode())))),
        record(b"\1\xff\xff\xff"),
        record(b"\1\0\x40\x01" + bytes(40)),
        b"\x16\3\1\xff\xff" + bytes(LARGEST_HELLO),
    ],
)
def test_what_has_no_name_is_left_to_openssl(stream):
    reader = HelloReader()
    assert (reader.feed(stream), reader.name) == (stream, None)


def test_no_more_than_the_limit_is_held():
    reader = HelloReader()
    pieces = record(b"\1\0\x3f\xff" + bytes(1000)) + record(bytes(1000)) * 30
    held = 0
    while (taken := reader.feed(pieces[held : held + 1000])) is None:
        held += 1000
    assert len(taken) <= LARGEST_HELLO + 1000


def test_extensions_may_be_missing():
    assert server_name(body()[:-2]) is None


@given(st.binary(max_size=200), st.integers(1, 50))
def test_anything_ends_without_an_error(data, size):
    reader = HelloReader()
    for start in range(0, len(data), size):
        taken = reader.feed(data[start : start + size])
        if taken is not None:
            assert taken == data[: start + size]
            break


@given(st.binary(max_size=60), st.integers(0, len(HELLO)))
def test_hellos_that_were_changed(noise, at):
    server_name(HELLO[4 : 4 + at] + noise + HELLO[4 + at :])


def test_names_are_compared_in_one_form():
    assert canonical("WWW.Example.ORG.") == "www.example.org"
