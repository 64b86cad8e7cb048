from __future__ import annotations

import pytest

from protocols.framing import Fixed, FramingError


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_whole_and_byte_by_byte(size, receive, byte_by_byte):
    messages = [b"abcdefg"[:size], b"1234567"[:size], b"\0\n\r,:;\xff"[:size]]
    data = b"".join(messages)
    decoder = Fixed(size).decoder()
    assert decoder.feed(data) == messages
    assert decoder.partial == 0
    decoder.finish()
    assert receive(Fixed(size).decoder(), byte_by_byte(data)) == (messages, None)


def test_trailing_bytes():
    decoder = Fixed(3).decoder()
    assert decoder.feed(b"oneto") == [b"one"]
    assert decoder.partial == 2
    assert decoder.feed(b"") == []
    assert decoder.feed(b"osixt") == [b"too", b"six"]
    assert decoder.partial == 1
    assert decoder.feed(b"e") == []
    assert decoder.feed(b"n") == [b"ten"]


def test_the_end_inside_a_message():
    decoder = Fixed(3).decoder()
    decoder.finish()
    decoder.feed(b"onetw")
    with pytest.raises(FramingError, match="2 of the 3 bytes"):
        decoder.finish()
    decoder.feed(b"o")
    decoder.finish()


def test_encode():
    assert Fixed(3).encode(b"one") == b"one"
    for message in (b"", b"on", b"once"):
        with pytest.raises(ValueError, match=f"must be 3 bytes long, not {len(message)}"):
            Fixed(3).encode(message)


@pytest.mark.parametrize("size", [0, -1])
def test_arguments_are_checked(size):
    with pytest.raises(ValueError, match="at least 1 byte"):
        Fixed(size)
