from __future__ import annotations

import pytest

from protocols.framing import Raw


def test_a_read_is_a_message():
    decoder = Raw().decoder()
    for data in (b"one", b"\n", b"two\r\nthree", b"x" * 65536):
        assert decoder.feed(data) == [data]
        assert decoder.partial == 0


def test_nothing_is_no_message():
    assert Raw().decoder().feed(b"") == []


def test_longer_reads_are_cut_at_the_limit():
    decoder = Raw(limit=3).decoder()
    assert decoder.feed(b"123") == [b"123"]
    assert decoder.feed(b"1234") == [b"123", b"4"]
    assert decoder.feed(b"123456") == [b"123", b"456"]


def test_the_end_may_be_anywhere():
    decoder = Raw().decoder()
    decoder.finish()
    decoder.feed(b"half a wor")
    decoder.finish()


def test_encode_changes_nothing():
    for message in (b"", b"one", b"a\r\nb"):
        assert Raw().encode(message) == message


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="at least 1 byte"):
        Raw(limit=0)
