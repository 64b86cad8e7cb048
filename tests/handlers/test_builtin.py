from __future__ import annotations

import re
import struct
import time
from itertools import pairwise

import pytest

from protocols.framing import Raw
from protocols.handlers import BUILTINS
from protocols.handlers.builtin import (
    CHARGEN_LINES,
    DATAGRAM_TEXT,
    QUOTES,
    UNIX_EPOCH_IN_RFC868,
    quote_of_the_day,
    quotes_in,
)


@pytest.fixture
def stream(serve):
    return lambda name: serve(BUILTINS[name].stream, Raw()).connect()


@pytest.fixture
def datagram(connection):
    """What one datagram to a service is answered with."""

    def datagram(name: str, message: bytes = b"x") -> list[bytes]:
        session = BUILTINS[name].datagram.open(connection)
        session.started()
        session.received(message)
        session.ended(None)
        assert connection.events == ["close"]
        return connection.sent

    return datagram


class TestEcho:
    def test_stream(self, stream):
        peer = stream("echo")
        peer.send(b"any\0thing")
        assert peer.received == b"any\0thing"
        peer.shut_down()
        assert peer.transport.disconnecting

    def test_datagram(self, datagram):
        assert datagram("echo", b"hello") == [b"hello"]


class TestDiscard:
    def test_stream(self, stream):
        peer = stream("discard")
        peer.send(b"anything")
        assert peer.received == b""
        assert not peer.closing

    def test_datagram(self, datagram):
        assert datagram("discard") == []


class TestDaytime:
    FORM = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\r\n"

    def test_stream_says_it_and_closes(self, stream):
        peer = stream("daytime")
        assert re.fullmatch(self.FORM, peer.received)
        assert peer.transport.half_closed

    def test_datagram(self, datagram):
        (text,) = datagram("daytime")
        assert re.fullmatch(self.FORM, text)


class TestTime:
    def check(self, value: bytes) -> None:
        (seconds,) = struct.unpack("!L", value)
        now = (int(time.time()) + UNIX_EPOCH_IN_RFC868) % 2**32
        assert 0 <= (now - seconds) % 2**32 <= 60

    def test_stream_says_it_and_closes(self, stream):
        peer = stream("time")
        self.check(peer.received)
        assert peer.closing

    def test_datagram(self, datagram):
        (value,) = datagram("time")
        self.check(value)


class TestChargen:
    def test_lines_rotate(self):
        assert {len(line) for line in CHARGEN_LINES} == {74}
        for line, following in pairwise(CHARGEN_LINES):
            assert line[1:72] == following[:71]
        assert CHARGEN_LINES[-1][1:72] == CHARGEN_LINES[0][:71]

    def test_stream_is_as_fast_as_its_reader(self, stream):
        peer = stream("chargen")
        for turn in range(1, 5):
            assert peer.transport.unread < 4 * peer.transport.BUFFER
            assert len(peer.received) >= turn * peer.transport.BUFFER
            peer.transport.peer_reads()
        lines = peer.received.splitlines(keepends=True)
        assert lines == [CHARGEN_LINES[n % len(CHARGEN_LINES)] for n in range(len(lines))]

    def test_stream_ends_with_its_peer(self, stream):
        peer = stream("chargen")
        peer.shut_down()
        peer.transport.peer_reads()
        assert peer.closing

    def test_datagram(self, datagram):
        (text,) = datagram("chargen")
        assert len(text) <= DATAGRAM_TEXT
        assert text == b"" or any(text[:74] == line[: len(text)] for line in CHARGEN_LINES)


class TestQuoteOfTheDay:
    def test_stream_says_one_and_closes(self, stream):
        peer = stream("qotd")
        assert peer.received in QUOTES
        assert peer.closing

    def test_datagram(self, datagram):
        (quote,) = datagram("qotd")
        assert quote in QUOTES

    def test_datagram_is_at_most_512_characters(self, connection):
        session = quote_of_the_day([b"x" * 2000]).datagram.open(connection)
        session.received(b"")
        assert connection.sent == [b"x" * 512]

    def test_quotes_of_a_file(self):
        assert quotes_in(b"one\n%\ntwo\nlines\r\n%\n\n%\n") == (b"one\r\n", b"two\r\nlines\r\n")

    def test_file_without_quotes(self):
        with pytest.raises(ValueError, match="no quotes"):
            quotes_in(b"%\n\n%\n")
