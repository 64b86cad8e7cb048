"""Command lines of websocketd in files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.place import SourceError
from protocols.daemon.importers.websocketd.command_lines import command_lines
from tests.daemon.importers.reading import attempted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("websocketd --port=80 cat", ["--port=80", "cat"]),
        ("#!/bin/sh\nexec /usr/bin/websocketd --port 80 'a b' >log 2>&1 &\n", ["--port", "80", "a b"]),
        ("cd /srv && A=b nohup websocketd -ssl cat | tee log", ["-ssl", "cat"]),
        ("websocketd \\\n  --port=80 \\\n  cat -n\n", ["--port=80", "cat", "-n"]),
        ("ExecStart=-/usr/local/bin/websocketd --port=80 cat", ["--port=80", "cat"]),
        ('CMD ["websocketd", "--port=80", "cat", "a b"]', ["--port=80", "cat", "a b"]),
        ("web: websocketd --port=80 cat", ["--port=80", "cat"]),
        ("websocketd --port=80 ./prog websocketd", ["--port=80", "./prog", "websocketd"]),
        ("websocketd cat 2>/dev/null", ["cat"]),
    ],
)
def test_what_is_found(text, words):
    (line,) = command_lines(text, "file")
    assert list(line.words) == words


def test_several_with_their_places():
    lines = command_lines("# websocketd a\nwebsocketd a\n\nwebsocketd b; websocketd c\n", "file")
    assert [(line.words, line.place.line) for line in lines] == [(("a",), 2), (("b",), 4), (("c",), 4)]


@pytest.mark.parametrize(
    "text", ["", "pkill websocketd", "apt install websocketd", "# websocketd --port=80 cat"]
)
def test_none(text):
    with pytest.raises(SourceError, match=r"^file: there is no command line of websocketd in it"):
        command_lines(text, "file")


@pytest.mark.parametrize(
    "text", ["websocketd 'a", 'CMD ["websocketd",', 'CMD ["websocketd", 1]', "websocketd \udce4"]
)
def test_what_is_wrong(text):
    with pytest.raises(SourceError, match=r"^file:1: "):
        command_lines(text, "file")


@given(
    st.lists(
        st.sampled_from(["websocketd", "cat", "'", '"', "[", "]", "&", ";", "2", ">", "\\", "\n", "A=b"])
    )
)
def test_nothing_but_a_clear_error(words):
    lines = attempted(command_lines, " ".join(words), "file")
    assert lines is None or lines
