from __future__ import annotations

from typing import Any

import pytest

from protocols.http import ClientGoneError, HTTPError
from protocols.http.body import BodyStream
from protocols.http.routes.proxy.upload import Upload


class Nothing:
    def wanted(self) -> None: ...
    def taken(self, size: int) -> None: ...


@pytest.fixture
def upload(new_wire):
    """An upload, the body it reads, what it writes to, and how it has ended."""

    def upload(length: int | None) -> tuple[Upload, BodyStream, Any, list[BaseException | None]]:
        body, wire = BodyStream(Nothing(), length), new_wire()
        ends: list[BaseException | None] = []
        return Upload(body, wire, done=ends.append, moved=lambda: None), body, wire, ends

    return upload


def test_little_content_goes_with_the_head(upload) -> None:
    uploading, body, wire, ends = upload(3)
    body.feed(b"abc")
    uploading.start(b"head")
    assert (wire.value(), ends, wire.producer) == (b"headabc", [None], None)


def test_pieces_go_as_they_come(upload) -> None:
    uploading, body, wire, ends = upload(None)
    uploading.start(b"head")
    body.feed(b"abc")
    body.feed(b"")
    body.feed(b"d" * 16)
    assert ends == []
    body.finish()
    assert wire.value() == b"head3\r\nabc\r\n10\r\n" + b"d" * 16 + b"\r\n0\r\n\r\n"
    assert (ends, wire.producer) == ([None], None)


def test_nothing_goes_while_the_origin_does_not_read(upload) -> None:
    uploading, body, wire, _ = upload(6)
    uploading.start(b"")
    uploading.pauseProducing()
    body.feed(b"abc")  # it was asked for before
    body.feed(b"def")
    assert wire.value() == b"abc"
    assert body.held == 3
    uploading.resumeProducing()
    assert wire.value() == b"abcdef"


@pytest.mark.parametrize("pieces", [[b"ab"], [b"ab", b"cd"], [b"abcd"]])
def test_content_that_is_not_as_long_as_it_says(upload, pieces: list[bytes]) -> None:
    uploading, body, wire, ends = upload(3)
    uploading.start(b"")
    for piece in pieces:
        body.feed(piece)
    body.finish()
    (error,) = ends
    assert isinstance(error, HTTPError)
    assert error.status == 400
    assert len(wire.value()) <= 3
    assert wire.producer is None


@pytest.mark.parametrize("when", ["before", "after", "paused"])
def test_content_that_breaks_off(upload, when: str) -> None:
    uploading, body, wire, ends = upload(None)
    error = ClientGoneError("gone")
    if when == "before":
        body.fail(error)
    uploading.start(b"head")
    if when == "paused":
        uploading.pauseProducing()
        body.feed(b"a")
    body.fail(error)
    uploading.resumeProducing()
    assert ends == [error]
    assert not wire.value().endswith(b"0\r\n\r\n")
    assert wire.producer is None


def test_nothing_goes_once_it_is_stopped(upload) -> None:
    uploading, body, wire, ends = upload(None)
    uploading.start(b"head")
    uploading.stop()
    uploading.stop()
    body.feed(b"abc")
    body.finish()
    assert (wire.value(), ends, wire.producer) == (b"head", [], None)
