"""Several messages at once, to one WebSocket and to many."""

from __future__ import annotations

import pytest
from websockets.frames import BINARY, TEXT

from protocols.http.websocket.frame_list import FrameList


class Opened:
    """A handler that keeps its connections."""

    busy = False

    def __init__(self) -> None:
        self.connections = []

    def open(self, connection):
        self.connections.append(connection)
        return self

    def started(self):
        pass

    def pause_writing(self):
        pass

    def closed(self, reason):
        pass


@pytest.fixture
def opened():
    return Opened()


def test_each_is_one_message(talk, opened):
    browser = talk(opened, "text")
    opened.connections[0].send_many([b"a", "ü".encode(), b"c"])
    assert browser.texts() == ["a", "ü", "c"]


def test_what_is_no_text_is_binary(talk, opened):
    browser = talk(opened, speaks="text")
    opened.connections[0].send_many([b"a", b"\xff"])
    assert browser.frames() == [(TEXT, b"a"), (BINARY, b"\xff")]


def test_nothing_is_sent_where_one_must_be_text_and_is_none(talk, opened):
    browser = talk(opened, "text")
    with pytest.raises(ValueError, match="UTF-8"):
        opened.connections[0].send_many([b"a", b"\xff"])
    assert browser.frames() == []


def test_binary(talk, opened):
    browser = talk(opened, "binary")
    opened.connections[0].send_many([b"a", b"b"])
    assert browser.frames() == [(BINARY, b"a"), (BINARY, b"b")]


def test_with_compression_each_connection_has_its_own(listen):
    first, second = listen(deflate=True), listen(deflate=True)
    second.listener.channel.send_text(b"something else " * 20)
    assert second.texts() == ["something else " * 20]
    messages = [b"the same again and again " * 20, b"the same again and again " * 20]
    several = FrameList(messages, text=True)
    first.listener.channel.send_many(several)
    second.listener.channel.send_many(several)
    assert first.texts() == second.texts() == [message.decode() for message in messages]


def test_without_compression_the_frames_are_made_once(talk, opened):
    talk(opened, "text")
    endpoint = opened.connections[0]._endpoint
    messages = [b"a", b"b"]
    several = endpoint.frames(messages, True)
    assert several.serialized(()) is several.serialized(())
    assert endpoint.frames(messages, True) is several
    assert endpoint.frames(list(messages), True) is not several
    assert endpoint.frames(messages, False).serialized(()) != several.serialized(())


def test_they_are_counted_and_watched(talk, opened, journal):
    seen = []
    browser = talk(opened, "text")
    before = journal.counts.bytes_out
    journal.tap.watch(lambda passed: seen.append(passed.content))
    opened.connections[0].send_many([b"a", b"bc"])
    assert journal.counts.bytes_out - before == len(browser.wire.value()) == 3 + 4
    assert seen == [b"a", b"bc"]


def test_nothing_is_sent_behind_a_close(talk, opened):
    browser = talk(opened, "text")
    opened.connections[0].close()
    opened.connections[0].send_many([b"late"])
    assert [data for opcode, data in browser.frames() if opcode is TEXT] == []


def test_a_list_larger_than_the_output_limit_is_no_reason_to_cut_somebody_off(listen):
    browser = listen(output=10_000)
    channel = browser.listener.channel
    channel.blocked = True
    channel.send_many(FrameList([b"x" * 9000] * 10, text=True))
    assert not channel.shut
    channel.send_many(FrameList([b"x"], text=True))
    assert channel.shut
