from __future__ import annotations

import pytest

from protocols.framing import FramingError, Netstring


def test_whole_and_byte_by_byte(receive, byte_by_byte):
    data = b"12:hello world!,0:,3:1:,,1:,,"
    messages = [b"hello world!", b"", b"1:,", b","]
    decoder = Netstring().decoder()
    assert decoder.feed(data) == messages
    assert decoder.partial == 0
    decoder.finish()
    assert receive(Netstring().decoder(), byte_by_byte(data)) == (messages, None)


def test_trailing_bytes():
    decoder = Netstring().decoder()
    assert decoder.feed(b"3:one,1") == [b"one"]
    assert decoder.partial == 1
    assert decoder.feed(b"0:0123456789") == []
    assert decoder.partial == 13
    assert decoder.feed(b"") == []
    assert decoder.feed(b",2:ab,3:x") == [b"0123456789", b"ab"]
    assert decoder.partial == 3


@pytest.mark.parametrize(
    ("garbage", "problem"),
    [
        (b":", "decimal digits"),
        (b"x", "decimal digits"),
        (b"-1:", "decimal digits"),
        (b"+1:a,", "decimal digits"),
        (b" 1:a,", "decimal digits"),
        (b"1 :a,", "decimal digits"),
        (b"1_0:", "decimal digits"),
        (b"1\xb2:", "decimal digits"),
        (b"5hello", "decimal digits"),
        (b"GET / HTTP/1.1\r\n\r\n", "decimal digits"),
        (b"00", "leading zero"),
        (b"00:,", "leading zero"),
        (b"01:a,", "leading zero"),
        (b"6:123456,", "limit of 5 bytes"),
        (b"6", "limit of 5 bytes"),
        (b"10", "limit of 5 bytes"),
        (b"9999999999999999999999", "limit of 5 bytes"),
        (b"3:abcd", "no comma"),
        (b"3:abc;", "no comma"),
        (b"0:0:,", "no comma"),
    ],
)
def test_garbage_is_refused_at_once(garbage, problem, receive, byte_by_byte):
    for pieces in ([garbage], byte_by_byte(garbage), [b"2:", b"ok,1:a", b"," + garbage]):
        decoder = Netstring(limit=5).decoder()
        messages, error = receive(decoder, pieces)
        assert messages == ([b"ok", b"a"] if len(pieces) == 3 and pieces[0] == b"2:" else [])
        assert problem in str(error)
        assert decoder.partial <= 7


def test_limit_at_the_edge(receive, byte_by_byte):
    for limit, length in ((5, 5), (9, 9), (10, 10), (99, 99), (100, 100)):
        fits = Netstring().encode(b"x" * length)
        long = Netstring().encode(b"x" * (length + 1))
        for pieces in ([fits], byte_by_byte(fits)):
            assert receive(Netstring(limit).decoder(), pieces) == ([b"x" * length], None)
        for pieces in ([long], byte_by_byte(long), [long[: long.index(b":")]]):
            messages, error = receive(Netstring(limit).decoder(), pieces)
            assert messages == []
            assert f"limit of {limit} bytes" in str(error)


def test_messages_before_the_fault_are_kept():
    with pytest.raises(FramingError) as caught:
        Netstring().decoder().feed(b"3:one,3:two,3:three,")
    assert caught.value.messages == (b"one", b"two")


def test_the_end_in_each_state():
    decoder = Netstring().decoder()
    decoder.finish()
    for piece in (b"1", b"2", b":", b"hello world", b"!"):
        assert decoder.feed(piece) == []
        with pytest.raises(FramingError, match="of a netstring"):
            decoder.finish()
    assert decoder.feed(b",") == [b"hello world!"]
    decoder.finish()


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (b"", b"0:,"),
        (b"hello", b"5:hello,"),
        (b"%d%s,:", b"6:%d%s,:,"),
        (b"x" * 10, b"10:xxxxxxxxxx,"),
    ],
)
def test_encode(message, wire):
    assert Netstring().encode(message) == wire


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="at least 1 byte"):
        Netstring(limit=0)
