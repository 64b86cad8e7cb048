"""Each form of the protocol: what a program is told, and what it may say."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.handlers.program.shared import actions as actions_module
from protocols.handlers.program.shared.actions import Close, NonsenseError, Send
from protocols.handlers.program.shared.json import JsonWire
from protocols.handlers.program.shared.lines import LineWire, escaped, unescaped
from protocols.handlers.program.shared.netstrings import NetstringWire
from protocols.session import Certificate, Peer

WIRES = {"json": JsonWire(), "netstrings": NetstringWire(), "lines": LineWire()}

PEER = Peer("tls", "::1", 4321, "ann b", Certificate("Ann B", (), "", datetime(2030, 1, 1, tzinfo=UTC)))

SAID = {
    "json": b'{"send":1,"text":"h\xc3\xa9 \\n"}\n\n{"send":"all","base64":"AP8=","but":[2,3]}\r\n'
    b'{"send":[1,2],"text":""}\n{"close":4,"reason":"be gone"}\n',
    "netstrings": b"12:text 1\nh\xc3\xa9 \n,17:binary all-2,3\n\0\xff,9:text 1,2\n,15:close 4\nbe gone,",
    "lines": b"text 1 h\xc3\xa9 \\n\n\nbinary all-2,3 \\0000\\0377\r\ntext 1,2\nclose 4 be gone\n",
}
"""The same in each form."""

WANTED = [
    Send((1,), "hé \n".encode(), True),
    Send(None, b"\0\xff", False, (2, 3)),
    Send((1, 2), b"", True),
    Close((4,), "be gone"),
]


def plain(actions):
    """With ids that compare."""
    return [one._replace(to=None if one.to is None else tuple(one.to), but=tuple(one.but)) for one in actions]


@pytest.mark.parametrize("form", WIRES)
def test_whole(form):
    reader = WIRES[form].reader()
    assert plain(reader.feed(SAID[form])) == WANTED
    assert reader.feed(b"") == []


@pytest.mark.parametrize("form", WIRES)
def test_byte_by_byte_and_trailing(form):
    reader = WIRES[form].reader()
    found = [one for byte in SAID[form] * 2 for one in reader.feed(bytes((byte,)))]
    assert plain(found) == WANTED * 2
    assert reader.feed(SAID[form][:5]) == []
    assert plain(reader.feed(SAID[form][5:] + SAID[form][:3])) == WANTED


@pytest.mark.parametrize(
    ("form", "said", "word"),
    [
        ("json", b"{\n", "no JSON"),
        ("json", b"[]\n", "each line is an object"),
        ("json", b'{"shout":1}\n', "neither send nor close"),
        ("json", b'{"send":1}\n', "one of text and base64"),
        ("json", b'{"send":1,"text":"a","base64":"YQ=="}\n', "one of text and base64"),
        ("json", b'{"send":1,"base64":"*"}\n', "base64: "),
        ("json", b'{"send":"1","text":"a"}\n', "send is the number"),
        ("json", b'{"send":true,"text":"a"}\n', "send is the number"),
        ("json", b'{"send":1,"text":"a","but":"all"}\n', "but is the number"),
        ("json", b'{"send":1,"text":"a","to":2}\n', "to is not known"),
        ("json", b'{"close":1,"text":"a"}\n', "text is not known"),
        ("json", b'{"close":1,"reason":2}\n', "reason is a text"),
        ("json", b'{"send":1,\n"text":"a"}\n', "no JSON"),
        ("json", b'{"send":1,"text":"a"},{"send":1,"text":"a"}\n', "no JSON"),
        ("json", b'{"send":1,"text":"\xff"}\n', "no JSON"),
        ("netstrings", b"x", "does not begin with its length"),
        ("netstrings", b"6:text a,", "a client is a number"),
        ("netstrings", b"7:shout 1,", "neither text nor"),
        ("netstrings", b"4:text,", "a client is a number"),
        ("lines", b"hello\n", "a client is a number"),
        ("lines", b"shout 1 a\n", "neither text nor"),
        ("lines", b"text all-x a\n", "a client is a number"),
        ("lines", b"text allx a\n", "all, or all-1,2"),
        ("lines", b"text 1,,2 a\n", "a client is a number"),
    ],
)
def test_nonsense_is_told_with_its_beginning_and_after_what_was_sense(form, said, word):
    with pytest.raises(NonsenseError, match=word) as caught:
        WIRES[form].reader().feed(SAID[form] + said)
    assert plain(caught.value.actions) == WANTED


@pytest.mark.parametrize("form", WIRES)
def test_what_is_longer_than_the_limit_is_nonsense(form, monkeypatch):
    for name in ("json", "netstrings", "lines"):
        module = __import__(f"protocols.handlers.program.shared.{name}", fromlist=["LINE"])
        monkeypatch.setattr(module, "LINE", 60)
    reader = WIRES[form].reader()
    long = {"json": b"{" * 70, "netstrings": b"70:", "lines": b"text 1 " + b"a" * 70}[form]
    with pytest.raises(NonsenseError) as caught:
        reader.feed(long)
    assert len(str(caught.value)) < actions_module.SHOWN * 2


def test_what_is_shown_of_nonsense_is_short():
    assert len(str(NonsenseError("why", b"x" * 10_000))) < 140


def test_events_of_json():
    wire = JsonWire()
    events = (
        wire.opened(1, PEER)
        + wire.said(1, [b"a", 'é"\\\n\x01'.encode()], None)
        + wire.said(1, [b"a", b"\xff"], None)
        + wire.said(1, [b"a"], False)
        + wire.ended(1)
        + wire.slow(1)
        + wire.ready(1)
        + wire.closed(1, "gone\n")
    )
    assert [json.loads(line) for line in events.splitlines()] == [
        {
            "open": 1,
            "peer": {
                "transport": "tls",
                "host": "::1",
                "port": 4321,
                "user": "ann b",
                "certificate": "Ann B",
            },
        },
        {"message": 1, "text": "a"},
        {"message": 1, "text": 'é"\\\n\x01'},
        {"message": 1, "text": "a"},
        {"message": 1, "base64": b64encode(b"\xff").decode()},
        {"message": 1, "base64": "YQ=="},
        {"end": 1},
        {"slow": 1},
        {"ready": 1},
        {"close": 1, "reason": "gone\n"},
    ]
    assert json.loads(wire.opened(2, Peer("unix"))) == {"open": 2, "peer": {"transport": "unix"}}


def test_events_of_lines():
    wire = LineWire()
    assert wire.opened(1, PEER) == b"open 1 tls ::1 4321 ann\\0040b Ann B\n"
    assert wire.opened(2, Peer("unix")) == b"open 2 unix - - - -\n"
    assert wire.said(1, [b"a b", b"a\n\\b", b"\xff\0"], None) == (
        b"text 1 a b\ntext 1 a\\n\\\\b\nbinary 1 \xff\\0000\n"
    )
    assert wire.said(1, [b"a"], False) == b"binary 1 a\n"
    assert wire.said(1, [b"a"], True) == b"text 1 a\n"
    assert wire.ended(1) + wire.slow(1) + wire.ready(1) == b"end 1\nslow 1\nready 1\n"
    assert wire.closed(1, "lost\nit") == b"close 1 lost\\nit\n"


def test_events_of_netstrings():
    wire = NetstringWire()
    assert wire.opened(1, PEER) == (
        b"68:open 1\ntransport tls\nhost ::1\nport 4321\nuser ann b\ncertificate Ann B,"
    )
    assert wire.said(1, [b"a\n", b"\xff"], None) == b"9:text 1\na\n,10:binary 1\n\xff,"
    assert wire.ended(1) + wire.slow(1) + wire.ready(1) == b"6:end 1\n,7:slow 1\n,8:ready 1\n,"
    assert wire.closed(1, "lost") == b"12:close 1\nlost,"


@given(st.binary())
def test_what_is_escaped_comes_back(content):
    line = escaped(content)
    assert not {b"\n", b"\r", b"\0"} & {line[i : i + 1] for i in range(len(line))}
    assert unescaped(line) == content


@given(st.sampled_from(["netstrings", "lines"]), st.lists(st.binary(max_size=20)))
def test_what_a_client_says_can_be_said_back(form, messages):
    wire = WIRES[form]
    actions = wire.reader().feed(wire.said(7, messages, None))
    assert [one.message for one in actions] == messages
    assert all(one.to == (7,) for one in actions)


@given(st.lists(st.text(max_size=20)))
def test_texts_in_json_are_what_json_says(texts):
    said = JsonWire().said(7, [text.encode() for text in texts], None)
    assert [json.loads(line) for line in said.split(b"\n")[:-1]] == [
        {"message": 7, "text": text} for text in texts
    ]


@given(st.binary(max_size=200), st.sampled_from(sorted(WIRES)))
def test_any_bytes_are_actions_or_nonsense(data, form):
    try:
        WIRES[form].reader().feed(data)
    except NonsenseError:
        pass
