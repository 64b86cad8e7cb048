"""Keys, as terminals send them."""

from __future__ import annotations

import os
import pty
import sys
import termios
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.command.keyboard import NAMED, keys, keys_at_once, keys_in


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"q", ["q"]),
        (b"\x1b[A\x1b[B\x1bOC\x1bOD", ["up", "down", "right", "left"]),
        (b"\x1b[5~\x1b[6~r", ["page up", "page down", "r"]),
        (b"\x1b[15~\x1b[1;5A\x1b", []),
        (b"", []),
    ],
)
def test_keys(data, found):
    assert keys_in(data) == found


@given(st.binary(max_size=50))
def test_any_bytes_are_keys_that_are_known_or_characters(data: bytes) -> None:
    assert all(len(key) == 1 or key in NAMED.values() for key in keys_in(data))


@pytest.fixture
def terminal(monkeypatch):
    """The other end of the terminal that standard input is."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield ours
    os.close(ours)


def test_a_terminal_gives_keys_at_once_and_is_as_it_was_afterwards(terminal):
    before = termios.tcgetattr(sys.stdin.fileno())
    with suppress(ZeroDivisionError), keys_at_once():
        os.write(terminal, b"r\x1b[A")
        assert keys(20) == ["r", "up"]
        assert keys(0) == []
        raise ZeroDivisionError
    assert termios.tcgetattr(sys.stdin.fileno()) == before


def test_the_end_of_the_terminal_is_a_reason_to_quit(monkeypatch):
    reader, writer = os.pipe()
    os.close(writer)
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with keys_at_once():
            assert keys(20) == ["q"]
