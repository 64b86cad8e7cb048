from __future__ import annotations

import pytest

from protocols.framing import Delimited, FramingError

DELIMITERS = [b"\0", b"\r\n\r\n", b"aab", b"aa", b"--=="]


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_whole_and_byte_by_byte(delimiter, receive, byte_by_byte):
    messages = [b"one", b"", b"x\r\ny", b"three"]
    data = b"".join(message + delimiter for message in messages)
    decoder = Delimited(delimiter).decoder()
    assert decoder.feed(data) == messages
    assert decoder.partial == 0
    decoder.finish()
    assert receive(Delimited(delimiter).decoder(), byte_by_byte(data)) == (messages, None)


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_a_delimiter_cut_at_every_place(delimiter):
    data = b"one" + delimiter + b"two" + delimiter
    for cut in range(len(data) + 1):
        decoder = Delimited(delimiter).decoder()
        assert decoder.feed(data[:cut]) + decoder.feed(data[cut:]) == [b"one", b"two"]
        assert decoder.partial == 0


@pytest.mark.parametrize(
    ("delimiter", "data", "messages", "partial"),
    [
        (b"aab", b"aaab", [b"a"], 0),
        (b"aab", b"aaaabaab", [b"aa", b""], 0),
        (b"aab", b"abaaab", [b"aba"], 0),
        (b"\r\n\r\n", b"\r\n\r\n\r\n", [b""], 2),
        (b"\r\n\r\n", b"a\r\r\n\r\n\r\r\n", [b"a\r"], 3),
        (b"aa", b"aaa", [b""], 1),
        (b"aba", b"ababa", [b""], 2),
    ],
)
def test_a_delimiter_that_overlaps_itself(delimiter, data, messages, partial, receive, byte_by_byte):
    for pieces in ([data], byte_by_byte(data)):
        decoder = Delimited(delimiter).decoder()
        assert receive(decoder, pieces) == (messages, None)
        assert decoder.partial == partial


def test_trailing_bytes():
    decoder = Delimited(b"--").decoder()
    assert decoder.feed(b"one--two-") == [b"one"]
    assert decoder.partial == 4
    assert decoder.feed(b"-three") == [b"two"]
    assert decoder.partial == 5


def test_limit_at_the_edge(receive, byte_by_byte):
    framing = Delimited(b"--", limit=5)
    for pieces in ([b"12345--"], [b"12345", b"--"], [b"12345-", b"-"], byte_by_byte(b"12345--")):
        assert receive(framing.decoder(), pieces) == ([b"12345"], None)
    for pieces in ([b"123456--"], [b"123456", b"--"], byte_by_byte(b"123456--"), [b"1234567"]):
        messages, error = receive(framing.decoder(), pieces)
        assert messages == []
        assert "limit of 5 bytes" in str(error)


def test_no_more_than_the_limit_and_a_delimiter_is_held(byte_by_byte):
    decoder = Delimited(b"====", limit=5).decoder()
    assert decoder.feed(b"12345===") == []
    assert decoder.partial == 8
    with pytest.raises(FramingError):
        decoder.feed(b"!")
    assert decoder.partial == 8


def test_a_long_first_message_after_a_held_beginning():
    decoder = Delimited(b";", limit=5).decoder()
    assert decoder.feed(b"123") == []
    with pytest.raises(FramingError) as caught:
        decoder.feed(b"456;7;")
    assert caught.value.messages == ()


@pytest.mark.parametrize("over", [b"toolong;later;", b"toolong"])
def test_messages_before_the_fault_are_kept(over):
    with pytest.raises(FramingError) as caught:
        Delimited(b";", limit=5).decoder().feed(b"one;two;" + over)
    assert caught.value.messages == (b"one", b"two")


def test_the_end_inside_a_message():
    decoder = Delimited(b"--").decoder()
    decoder.finish()
    decoder.feed(b"one--")
    decoder.finish()
    decoder.feed(b"-")
    with pytest.raises(FramingError, match="ended after 1 bytes"):
        decoder.finish()


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_encode(delimiter):
    assert Delimited(delimiter).encode(b"one") == b"one" + delimiter
    assert Delimited(delimiter).encode(b"") == delimiter


@pytest.mark.parametrize(
    ("delimiter", "message"),
    [
        (b";", b"a;b"),
        (b";", b";"),
        (b"--", b"a--b"),
        (b"--", b"a-"),
        (b"\r\n\r\n", b"a\r\n"),
        (b"aba", b"xab"),
    ],
)
def test_encode_refuses_what_would_not_read_as_one(delimiter, message):
    with pytest.raises(ValueError, match="cannot contain the delimiter"):
        Delimited(delimiter).encode(message)


def test_encode_allows_an_end_that_only_resembles_a_delimiter():
    assert Delimited(b"aab").encode(b"a") == b"aaab"
    assert Delimited(b"\r\n").encode(b"a\r") == b"a\r\r\n"


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="at least one byte"):
        Delimited(b"")
    with pytest.raises(ValueError, match="at least 1 byte"):
        Delimited(b";", limit=0)
