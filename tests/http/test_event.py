from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from protocols.http import Event
from protocols.http.event import HEARTBEAT, encode_event, retry_line

TEXTS = st.text().map(lambda text: text.encode("utf-8", "ignore").decode())


class Price(BaseModel):
    cents: int


def heard(stream: bytes) -> list[tuple[str, str, str]]:
    """What a browser makes of `stream`: kind, data and last id of each event (HTML Standard, 9.2.6)."""
    events = []
    kind, data, last_id = "", [], ""
    for line in re.split("\r\n|\r|\n", stream.decode()):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                events.append((kind or "message", "\n".join(data), last_id))
            kind, data = "", []
        elif name == "data":
            data.append(value)
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            last_id = value
    return events


@pytest.mark.parametrize(
    ("item", "octets"),
    [
        ("a", b"data: a\n\n"),
        ("", b"data: \n\n"),
        (" a", b"data:  a\n\n"),
        ("a\nb\r\nc\rd", b"data: a\ndata: b\ndata: c\ndata: d\n\n"),
        ("a\n", b"data: a\ndata: \n\n"),
        ("data: b\n\nid: 1", b"data: data: b\ndata: \ndata: id: 1\n\n"),
        ("a\u2028b\0", "data: a\u2028b\0\n\n".encode()),
        (b"\xc3\xa9", "data: é\n\n".encode()),
        (5, b"data: 5\n\n"),
        (None, b"data: null\n\n"),
        ({"a": "\n"}, b'data: {"a":"\\n"}\n\n'),
        (Price(cents=5), b'data: {"cents":5}\n\n'),
        (Event("a", id=7, event="tick", retry=1.5), b"event: tick\nid: 7\nretry: 1500\ndata: a\n\n"),
        (Event(id="x"), b"id: x\n\n"),
        (Event("a", id=""), b"id: \ndata: a\n\n"),
    ],
)
def test_the_format(item: object, octets: bytes) -> None:
    assert encode_event(item) == octets


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=5))
def test_a_browser_hears_what_was_said(events: list[tuple[str, str, str]]) -> None:
    stream, expected = HEARTBEAT, []
    for data, kind, last_id in events:
        kind, last_id = (re.sub("[\r\n\0]", "", text) for text in (kind, last_id))
        stream += Event(data, id=last_id, event=kind).octets + HEARTBEAT
        lines = "\n".join(re.split("\r\n|\r|\n", data))
        expected.append((kind or "message", lines, last_id))
    assert heard(retry_line(3) + stream) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        {"id": "a\nb"},
        {"id": "a\rb"},
        {"id": "a\0b"},
        {"event": "a\nb"},
        {"event": "a\r"},
        {"retry": -1},
        {"data": b"\xff"},
        {"data": "\ud800"},
        {"data": object()},
    ],
)
def test_what_would_break_the_stream(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Event(**arguments)  # type: ignore[arg-type]


def test_events_are_values() -> None:
    assert Event("a", id=1) == Event("a", id="1")
    assert len({Event("a"), Event("a"), Event("b")}) == 2
    assert "secret" not in repr(Event("secret"))
