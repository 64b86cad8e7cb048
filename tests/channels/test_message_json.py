"""Messages as JSON."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.message import Message
from protocols.channels.message_json import as_json, as_line, exported, is_json


def test_only_what_is_there():
    assert as_json(Message(17, 5, b"")) == b'{"seq":17,"time":5,"body":""}'


def test_everything():
    message = Message(
        17,
        1767225600123,
        b'{"bar": 2.5}',
        "pump-3",
        "a1",
        "tcp://192.0.2.7:4096",
        "application/json",
        (("tries", "5"),),
    )
    assert as_json(message) == (
        b'{"seq":17,"time":1767225600123,"key":"pump-3","from":"tcp://192.0.2.7:4096",'
        b'"type":"application/json","id":"a1","headers":{"tries":"5"},"body":{"bar": 2.5}}'
    )


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"text", {"body": "text"}),
        ('"Ü" \\\r\n\x01\u2028'.encode(), {"body": '"Ü" \\\r\n\x01\u2028'}),
        (b"\xff", {"base64": "/w=="}),
        (b"a\0", {"base64": "YQA="}),
    ],
)
def test_a_body_that_is_no_json(body, named):
    line = as_line(Message(1, 2, body))
    assert json.loads(line) == {"seq": 1, "time": 2, **named}
    assert line.count(b"\n") == 1
    assert line.endswith(b"}\n")


def test_json_on_several_lines_is_put_on_one():
    line = as_line(Message(1, 2, b'{"a":\r\n[1,\n2]}\n', content_type="application/json"))
    assert line.count(b"\n") == 1
    assert json.loads(line)["body"] == {"a": [1, 2]}


def test_half_a_surrogate_pair_does_not_stop_it():
    # So a path that is no UTF-8 comes from the system.
    assert json.loads(as_json(Message(1, 2, b"", sender="unix:///\udcff")))["from"] == "unix:///\udcff"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/problem+json", True),
        ("text/plain", False),
        ("application/jsonl", False),
        ("", False),
    ],
)
def test_what_is_json(content_type, expected):
    assert is_json(content_type) is expected


@given(
    st.builds(
        Message,
        seq=st.integers(1),
        time=st.integers(0),
        body=st.binary() | st.text().map(str.encode),
        key=st.text(),
        id=st.text(),
        sender=st.text(st.characters()),
        content_type=st.sampled_from(["", "text/plain"]),
        headers=st.dictionaries(st.text(), st.text()).map(lambda headers: tuple(headers.items())),
    )
)
def test_anything_is_one_line_that_says_the_same(message):
    line = as_line(message)
    assert line.count(b"\n") == 1
    said = json.loads(line)
    body = said["body"].encode() if "body" in said else b64decode(said["base64"])
    assert body == message.body
    assert (said.get("key", ""), said.get("id", ""), said.get("from", "")) == message[3:6]
    assert said.get("headers", {}) == dict(message.headers)


def test_a_piece_of_a_history():
    messages = [Message(seq, 0, b"x") for seq in (5, 7, 9)]
    piece = exported(messages, 4, 8)
    assert piece == (as_line(messages[0]) + as_line(messages[1]), 2, 7)
    assert exported(messages, 4, 4) == (b"", 0, 4)
