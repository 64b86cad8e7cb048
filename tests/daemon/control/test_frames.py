"""What passes, as text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis.strategies import binary, text

from protocols.daemon.control.frames import frame_of, shown
from protocols.session import Peer
from protocols.tap import CONTENT, Passed


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"plain", "plain"),
        ("Grüße".encode(), "Grüße"),
        (b"\x1b[2J\r\n", "\\x1b[2J\\r\\n"),
        (b"\xff\x00", "\\xff\\x00"),
        (b"x" * (CONTENT - 1) + b"\xc3", "x" * (CONTENT - 1)),
        (b"x" * (CONTENT - 1) + b"\xff", "x" * (CONTENT - 1)),
        (b"\xff" * CONTENT, "\\xff" * CONTENT),
    ],
)
def test_content(content, words):
    assert shown(content) == words


@given(binary(max_size=CONTENT))
def test_whatever_it_is_a_terminal_may_have_it(content):
    assert shown(content).isprintable()


@given(text())
def test_printable_text_is_itself(words):
    content = words.encode("utf-8", "ignore")[: CONTENT - 1]
    if words.isprintable() and content.decode("utf-8", "ignore") == words:
        assert shown(content) == words


def test_a_frame_has_it_all():
    peer = Peer("tcp", "192.0.2.1", 9)
    frame = frame_of(Passed(peer, "out", 1000, b"x", 0.5, 3), "shop", 2)
    assert (frame.service, frame.worker, frame.peer) == ("shop", 2, "tcp://192.0.2.1:9")
    assert (frame.direction, frame.size, frame.text, frame.took, frame.missed) == ("out", 1000, "x", 0.5, 3)
    assert abs(frame.at - time.time()) < 20
