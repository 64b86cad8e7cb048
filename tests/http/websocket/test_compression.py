from __future__ import annotations

import zlib

import pytest
from websockets.frames import BINARY, PING, PONG, TEXT, Frame, Opcode


def frame(opcode: Opcode, data: bytes = b"", fin: bool = True) -> bytes:
    """One frame, as a client sends it."""
    return Frame(opcode, data, fin).serialize(mask=True)


def echo(channel, messages, text):
    for message in messages:
        (channel.send_text if text else channel.send_binary)(message)


class TestCompression:
    def test_12_both_ways_with_what_came_before(self, listen):
        browser = listen(echo, deflate=True)
        text = b'{"price": 12.5, "item": "tea"}'
        sizes = []
        for _ in range(3):
            data = browser.compressed(TEXT, text)
            browser.send(data)
            sizes.append(len(browser.wire.value()))
            assert browser.texts() == [text.decode()]
        assert sizes[1] < sizes[0]

    @pytest.mark.parametrize("size", [0, 1, 64, 256, 5_000, 131_072])
    def test_12_sizes(self, listen, size):
        browser = listen(echo, deflate=True)
        data = bytes(n * n % 251 for n in range(size))
        browser.send(browser.compressed(BINARY, data))
        assert browser.frames() == [(BINARY, data)]

    def test_messages_may_come_as_they_are(self, listen):
        browser = listen(echo, deflate=True)
        browser.send(frame(TEXT, b"plain"), frame(PING, b"p"))
        assert browser.frames() == [(TEXT, b"plain"), (PONG, b"p")]

    def test_text_is_checked_behind_it(self, listen):
        browser = listen(echo, deflate=True)
        browser.send(browser.compressed(TEXT, b"\xff"))
        assert browser.closed_with == 1007

    def test_what_is_not_compressed_is_no_crash(self, listen):
        browser = listen(echo, deflate=True)
        browser.send(b"\xc1\x83" + bytes(4) + b"\xff\xff\xff")  # with the bit that says it is
        assert browser.closed_with == 1002

    @pytest.mark.parametrize("cut", [0, 300])
    def test_a_bomb_does_not_go_off(self, listen, cut):
        browser = listen(deflate=True, limit=100_000)
        bomb = browser.compressed(BINARY, bytes(50_000_000))
        assert len(bomb) < 100_000
        browser.send(bomb[:cut], bomb[cut:])
        assert browser.closed_with == 1009
        assert browser.listener.heard == []

    def test_many_small_ones_are_not_all_unpacked_before_the_first_is_answered(self, listen):
        browser = listen(lambda channel, messages, text: channel.pause(), deflate=True)
        one = browser.compressed(BINARY, bytes(1_000_000))
        browser.send(*[browser.compressed(BINARY, bytes(1_000_000)) for _ in range(50)])
        assert len(one) < 2000
        held = sum(len(data) for _, data in _waiting(browser))
        assert held < 8_000_000


def _waiting(browser):
    return browser.client.connection._tunnel.protocol._waiting


def test_zlib_is_what_it_was():
    # The bound of a piece rests on it: deflate makes 1032 bytes of one, at most.
    assert len(zlib.compress(bytes(1_000_000))) > 1_000_000 / 1032
