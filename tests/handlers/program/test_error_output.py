"""The lines of standard error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from protocols.handlers.program.error_output import LINE, LINES, WINDOW, ErrorLog, ErrorOutput


class Descriptors(Clock):
    """A reactor whose descriptors are served by the test."""

    def addReader(self, reader: Any) -> None: ...  # noqa: N802
    def removeReader(self, reader: Any) -> None: ...  # noqa: N802
    def removeWriter(self, writer: Any) -> None: ...  # noqa: N802


@pytest.fixture
def said() -> Iterator[list[str]]:
    lines: list[str] = []

    def observe(event: Any) -> None:
        lines.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


def written(*pieces: bytes) -> None:
    """Have a program write `pieces`, each of which is read by itself."""
    reactor = Descriptors()
    reading, writing = os.pipe()
    errors = ErrorOutput(reading, reactor, "program", ErrorLog(reactor))
    for piece in pieces:
        os.write(writing, piece)
        errors.doRead()
    os.close(writing)
    errors.doRead()
    assert errors.over


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ((b"one\ntwo\n",), ["one", "two"]),
        ((b"o", b"ne\r\ntw", b"o"), ["one", "two"]),
        ((b"\x1b[31mred\x00\n",), [r"\x1b[31mred\x00"]),
        (("ü\u2028x\n".encode(),), [r"ü\u2028x"]),
        ((b"\xff\n",), [r"\xff"]),
        ((b"{braces}\n",), ["{braces}"]),
        ((b"x" * LINE + b"\n",), ["x" * LINE]),
        ((b"x" * LINE, b"xyz", b"zzz\nnext\n"), ["x" * LINE + " …", "next"]),
        ((), []),
    ],
)
def test_lines(said: list[str], pieces: tuple[bytes, ...], lines: list[str]) -> None:
    written(*pieces)
    assert said == [f"program: {line}" for line in lines]


@given(text=st.binary(max_size=300).map(lambda b: b.replace(b"\r", b"")), cut=st.integers(0, 300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_they_come(said: list[str], text: bytes, cut: int) -> None:
    written(*filter(None, (text[:cut], text[cut:])))
    in_pieces = list(said)
    said.clear()
    written(*filter(None, (text,)))
    assert in_pieces == said
    assert all(line.isprintable() or "\t" in line for line in said)
    said.clear()


def test_so_many_in_a_while(said: list[str]) -> None:
    clock = Clock()
    lines = ErrorLog(clock)
    for _ in range(LINES + 5):
        lines.say("program", b"x")
    assert len(said) == LINES + 1
    clock.advance(WINDOW)
    lines.say("program", b"again")
    assert said[LINES:] == [
        "program: writes too many lines to log them all",
        "program: 5 lines left out",
        "program: again",
    ]
