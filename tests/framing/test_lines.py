from __future__ import annotations

import pytest

from protocols.framing import FramingError, Lines

ENDINGS = [("lf", b"\n"), ("crlf", b"\r\n"), ("any", b"\n"), ("any", b"\r\n")]


@pytest.mark.parametrize(("ending", "wire"), ENDINGS)
def test_whole(ending, wire):
    decoder = Lines(ending).decoder()
    assert decoder.feed(b"one" + wire + wire + b"three" + wire) == [b"one", b"", b"three"]
    assert decoder.partial == 0
    decoder.finish()


@pytest.mark.parametrize(("ending", "wire"), ENDINGS)
def test_byte_by_byte(ending, wire, receive, byte_by_byte):
    data = b"one" + wire + wire + b"a\rb" + wire
    assert receive(Lines(ending).decoder(), byte_by_byte(data)) == ([b"one", b"", b"a\rb"], None)


@pytest.mark.parametrize(("ending", "wire"), ENDINGS)
def test_trailing_bytes_wait_for_their_ending(ending, wire):
    decoder = Lines(ending).decoder()
    assert decoder.feed(b"one" + wire + b"tw") == [b"one"]
    assert decoder.partial == 2
    assert decoder.feed(b"") == []
    assert decoder.feed(b"o" + wire + b"three" + wire + b"f") == [b"two", b"three"]
    assert decoder.partial == 1


@pytest.mark.parametrize(
    ("ending", "data", "messages"),
    [
        ("lf", b"a\r\nb\n", [b"a\r", b"b"]),
        ("crlf", b"a\nb\r\r\n\r\n", [b"a\nb\r", b""]),
        ("any", b"a\r\nb\n\r\r\n\r\n\nc\rd\n", [b"a", b"b", b"\r", b"", b"", b"c\rd"]),
    ],
)
def test_what_is_an_ending_and_what_is_content(ending, data, messages, receive, byte_by_byte):
    assert Lines(ending).decoder().feed(data) == messages
    assert receive(Lines(ending).decoder(), byte_by_byte(data)) == (messages, None)


@pytest.mark.parametrize("ending", ["crlf", "any"])
def test_cr_and_lf_in_two_reads(ending):
    decoder = Lines(ending).decoder()
    assert decoder.feed(b"one\r") == []
    assert decoder.partial == 4
    assert decoder.feed(b"\ntwo\r") == [b"one"]
    assert decoder.feed(b"\n") == [b"two"]
    assert decoder.partial == 0


@pytest.mark.parametrize(("ending", "wire"), ENDINGS)
def test_limit_at_the_edge(ending, wire, receive, byte_by_byte):
    framing = Lines(ending, limit=5)
    for pieces in ([b"12345" + wire], [b"12345", wire], byte_by_byte(b"12345" + wire)):
        assert receive(framing.decoder(), pieces) == ([b"12345"], None)
    for pieces in ([b"123456" + wire], [b"123456", wire], byte_by_byte(b"123456" + wire)):
        messages, error = receive(framing.decoder(), pieces)
        assert messages == []
        assert "limit of 5 bytes" in str(error)


@pytest.mark.parametrize(("ending", "wire"), ENDINGS)
def test_an_endless_line_is_refused_before_it_is_held(ending, wire, receive, byte_by_byte):
    decoder = Lines(ending, limit=5).decoder()
    endless = iter(byte_by_byte(b"x" * 100))
    messages, error = receive(decoder, endless)
    assert messages == []
    assert error is not None
    assert len(list(endless)) >= 93
    assert decoder.partial <= 6
    for pieces in ([b"x" * 7], [b"xx", b"x" * 1000]):
        decoder = Lines(ending, limit=5).decoder()
        messages, error = receive(decoder, pieces)
        assert messages == []
        assert error is not None
        assert decoder.partial <= 6


@pytest.mark.parametrize("over", [b"toolong\nlater\n", b"toolong"])
def test_messages_before_the_fault_are_kept(over):
    with pytest.raises(FramingError) as caught:
        Lines(limit=5).decoder().feed(b"one\ntwo\n" + over)
    assert caught.value.messages == (b"one", b"two")


def test_messages_after_a_held_beginning_and_before_the_fault_are_kept():
    decoder = Lines(limit=5).decoder()
    assert decoder.feed(b"on") == []
    with pytest.raises(FramingError) as caught:
        decoder.feed(b"e\r\ntwo\r\ntoolong\r\n")
    assert caught.value.messages == (b"one", b"two")


@pytest.mark.parametrize(("ending", "wire"), ENDINGS)
def test_a_cut_line_is_no_message(ending, wire):
    decoder = Lines(ending).decoder()
    decoder.finish()
    decoder.feed(b"delete /tmp/x" + wire)
    decoder.finish()
    assert decoder.feed(b"delete /") == []
    with pytest.raises(FramingError) as caught:
        decoder.finish()
    assert caught.value.messages == ()


@pytest.mark.parametrize("ending", ["crlf", "any"])
def test_a_lone_cr_at_the_end_is_a_cut_line(ending):
    decoder = Lines(ending).decoder()
    decoder.feed(b"\r")
    with pytest.raises(FramingError):
        decoder.finish()


@pytest.mark.parametrize(
    ("ending", "message", "wire"),
    [
        ("lf", b"a", b"a\n"),
        ("lf", b"", b"\n"),
        ("lf", b"a\r", b"a\r\n"),
        ("crlf", b"a", b"a\r\n"),
        ("crlf", b"", b"\r\n"),
        ("crlf", b"a\nb\r", b"a\nb\r\r\n"),
        ("any", b"a", b"a\n"),
        ("any", b"a\rb", b"a\rb\n"),
        ("any", b"a\r", b"a\r\r\n"),
        ("any", b"\r", b"\r\r\n"),
    ],
)
def test_encode(ending, message, wire):
    framing = Lines(ending)
    assert framing.encode(message) == wire
    assert framing.encode_all([message, message]) == wire * 2
    assert framing.decoder().feed(wire) == [message]


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ("lf", b"a\nb"),
        ("lf", b"\n"),
        ("crlf", b"a\r\nb"),
        ("crlf", b"a\r\n"),
        ("any", b"a\nb"),
        ("any", b"a\r\nb"),
    ],
)
def test_encode_refuses_what_would_not_read_as_one(ending, message):
    with pytest.raises(ValueError, match="a message sent as a line"):
        Lines(ending).encode(message)


def test_defaults():
    assert Lines() == Lines("any", 65536)
    assert Lines().decoder().feed(b"x" * 65536 + b"\n") == [b"x" * 65536]


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="lf, crlf or any"):
        Lines("cr")  # type: ignore[arg-type]  # what a careless caller would write
    with pytest.raises(ValueError, match="at least 1 byte"):
        Lines(limit=0)
