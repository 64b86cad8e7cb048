from __future__ import annotations

import pickle

import pytest

from protocols.framing import FramingError, Length

SIZES = [1, 2, 4, 8]
ORDERS = ["big", "little"]


@pytest.mark.parametrize("includes_header", [False, True])
@pytest.mark.parametrize("offset", [0, 1, 5])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", SIZES)
def test_every_shape(size, order, signed, offset, includes_header, receive, byte_by_byte):
    framing = Length(size, order, includes_header, offset, signed)
    lead = b"magic"[:offset]
    payloads = [b"hello", b"", b"x" * 100]
    data = b""
    for payload in payloads:
        counted = len(payload) + (offset + size if includes_header else 0)
        data += lead + counted.to_bytes(size, order) + payload
    messages = [lead + payload for payload in payloads]
    decoder = framing.decoder()
    assert decoder.feed(data) == messages
    assert decoder.partial == 0
    decoder.finish()
    assert receive(framing.decoder(), byte_by_byte(data)) == (messages, None)
    assert b"".join(map(framing.encode, messages)) == data


def test_trailing_bytes():
    decoder = Length(2).decoder()
    assert decoder.feed(b"\0\3one\0") == [b"one"]
    assert decoder.partial == 1
    assert decoder.feed(b"\3tw") == []
    assert decoder.partial == 4
    assert decoder.feed(b"") == []
    assert decoder.feed(b"o\0\5three\0\1x\0\2y") == [b"two", b"three", b"x"]
    assert decoder.partial == 3


@pytest.mark.parametrize("offset", [0, 2])
@pytest.mark.parametrize("includes_header", [False, True])
def test_limit_at_the_edge(offset, includes_header, receive, byte_by_byte):
    generous = Length(2, "big", includes_header, offset)
    strict = Length(2, "big", includes_header, offset, limit=5)
    fits, long = generous.encode(b"12345"), generous.encode(b"123456")
    for pieces in ([fits], byte_by_byte(fits)):
        assert receive(strict.decoder(), pieces) == ([b"12345"], None)
    for pieces in ([long], byte_by_byte(long), [long[: offset + 2]]):
        messages, error = receive(strict.decoder(), pieces)
        assert messages == []
        assert "limit of 5 bytes" in str(error)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", SIZES)
def test_a_huge_length_is_refused_with_its_header(size, order, byte_by_byte):
    decoder = Length(size, order, limit=100).decoder()
    header = (256**size - 1).to_bytes(size, order)
    for byte in byte_by_byte(header)[:-1]:
        assert decoder.feed(byte) == []
    with pytest.raises(FramingError, match="longer than its limit of 100 bytes"):
        decoder.feed(header[-1:])
    assert decoder.partial < size + 1


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", SIZES)
def test_a_negative_length_is_refused(size, order):
    header = (-1).to_bytes(size, order, signed=True)
    with pytest.raises(FramingError, match=r"negative \(-1\)"):
        Length(size, order, signed=True).decoder().feed(header + b"anything")


@pytest.mark.parametrize("signed", [False, True])
def test_a_zero_length_is_an_empty_message(signed):
    assert Length(4, signed=signed).decoder().feed(b"\0\0\0\0" * 2) == [b"", b""]


@pytest.mark.parametrize("number", range(6))
def test_a_length_less_than_the_header_it_includes_is_refused(number):
    framing = Length(4, includes_header=True, offset=2)
    with pytest.raises(FramingError, match=f"length of {number} is less than the 6 bytes"):
        framing.decoder().feed(b"id" + number.to_bytes(4, "big"))


def test_a_length_equal_to_the_header_it_includes_is_an_empty_payload():
    framing = Length(4, includes_header=True, offset=2)
    assert framing.decoder().feed(b"id\0\0\0\6") == [b"id"]


def test_the_leading_bytes_count_towards_the_limit():
    framing = Length(1, offset=3, limit=3)
    assert framing.decoder().feed(b"abc\0") == [b"abc"]
    with pytest.raises(FramingError):
        framing.decoder().feed(b"abc\1")


def test_messages_before_the_fault_are_kept():
    with pytest.raises(FramingError) as caught:
        Length(1, limit=5).decoder().feed(b"\3one\3two\6toolong")
    assert caught.value.messages == (b"one", b"two")


def test_the_end_in_each_state():
    decoder = Length(2).decoder()
    decoder.finish()
    decoder.feed(b"\0")
    with pytest.raises(FramingError, match="inside a header: 1 bytes of 2"):
        decoder.finish()
    decoder.feed(b"\3")
    with pytest.raises(FramingError, match="inside a message: 2 bytes of 5"):
        decoder.finish()
    decoder.feed(b"on")
    with pytest.raises(FramingError, match="inside a message: 4 bytes of 5"):
        decoder.finish()
    assert decoder.feed(b"e") == [b"one"]
    decoder.finish()
    assert decoder.feed(b"\0\1x\0") == [b"x"]
    with pytest.raises(FramingError, match="inside a header: 1 bytes of 2"):
        decoder.finish()


@pytest.mark.parametrize(
    ("framing", "longest"),
    [
        (Length(1), 255),
        (Length(1, signed=True), 127),
        (Length(1, includes_header=True), 254),
        (Length(1, offset=2), 257),
        (Length(1, includes_header=True, offset=2), 254),
        (Length(2), 65535),
    ],
)
def test_encode_refuses_a_length_that_does_not_fit(framing, longest):
    assert framing.decoder().feed(framing.encode(b"x" * longest)) == [b"x" * longest]
    with pytest.raises(ValueError, match=f"message of {longest + 1} bytes is too long"):
        framing.encode(b"x" * (longest + 1))


def test_encode_refuses_a_message_without_its_leading_bytes():
    assert Length(1, offset=2).encode(b"id") == b"id\0"
    with pytest.raises(ValueError, match="must begin with the 2 bytes"):
        Length(1, offset=2).encode(b"i")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"size": 3}, "1, 2, 4 or 8 bytes, not 3"),
        ({"order": "network"}, "big or little"),
        ({"offset": -1}, "cannot be negative"),
        ({"limit": 0}, "at least 1 byte"),
        ({"offset": 6, "limit": 5}, "lets none through"),
    ],
)
def test_arguments_are_checked(arguments, problem):
    with pytest.raises(ValueError, match=problem):
        Length(**arguments)


def test_a_framing_is_a_value():
    framing = Length(2, "little", includes_header=True)
    assert framing == Length(2, "little", True)
    assert framing != Length(2, "little")
    assert hash(framing) == hash(Length(2, "little", True))
    copy = pickle.loads(pickle.dumps(framing))
    assert copy == framing
    assert copy.encode(b"x") == b"\3\0x"
    assert "_" not in repr(framing).replace("includes_header", "")
