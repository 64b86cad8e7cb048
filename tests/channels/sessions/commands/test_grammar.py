"""What lines say."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.channels.sessions.commands.grammar import (
    PLAIN,
    Ack,
    CommandError,
    Nak,
    Publish,
    Subscribe,
    Unsubscribe,
    parse,
)
from protocols.channels.since import ALL, Since

LINES = {
    b"PUB a hello": Publish("a", b"hello"),
    b"pub a hello": Publish("a", b"hello"),
    b"  Pub   a hello": Publish("a", b"hello"),
    b"PUB a": Publish("a", b""),
    b"PUB a ": Publish("a", b""),
    b"PUB a  two  spaces ": Publish("a", b" two  spaces "),
    b"PUB a key=k id=i type=text/plain body": Publish("a", b"body", "k", "i", "text/plain"),
    b"PUB a key=k": Publish("a", b"", "k"),
    b"PUB a key=k ": Publish("a", b"", "k"),
    b"PUB a key=k -- key=x": Publish("a", b"key=x", "k"),
    b"PUB a -- -- x": Publish("a", b"-- x"),
    b"PUB a --": Publish("a", b""),
    b"PUB a -- colour=red key=k": Publish("a", b"colour=red key=k"),
    b"PUB a 23.5 colour=red": Publish("a", b"23.5 colour=red"),
    b"PUB a a-b=c": Publish("a", b"a-b=c"),
    b"PUB a \xc3\xbc=c": Publish("a", b"\xc3\xbc=c"),
    b"PUB a =": Publish("a", b"="),
    b"PUB a key": Publish("a", b"key"),
    b"PUB a key=pump%203%25 x": Publish("a", b"x", "pump 3%"),
    b"PUB a key=p\xc3\xbcmp x": Publish("a", b"x", "pümp"),
    b"PUB a \xff\0\n": Publish("a", b"\xff\0\n"),
    b"SUB a": Subscribe("a"),
    b"sub a since=all": Subscribe("a", ALL),
    b"SUB a since=17 key=k format=json": Subscribe("a", Since("seq", 17), "k", "json"),
    b"SUB a format=body": Subscribe("a"),
    b"SUB a group=g": Subscribe("a", group="g"),
    b"ACK a 1": Ack("a", (1,)),
    b"ACK a 1 2  30": Ack("a", (1, 2, 30)),
    b"NAK a 1": Nak("a", 1),
    b"NAK a 1 no such account": Nak("a", 1, "no such account"),
    b"NAK a 1 delay=2s": Nak("a", 1, "", 2.0),
    b"NAK a 1 delay=500ms too early": Nak("a", 1, "too early", 0.5),
    b"NAK a 1 delay=1d": Nak("a", 1, "", 86_400.0),
    b"UNSUB a": Unsubscribe("a"),
    b"ping": "PING",
    b"HELP": "HELP",
    b"Quit ": "QUIT",
    b"": None,
    b"   ": None,
}

ERRORS = {
    b"PUBB a": "there is no command PUBB; did you mean PUB?; try HELP",
    b"qwertz": "there is no command qwertz; try HELP",
    b"\xff": r"there is no command \xff; try HELP",
    b"x" * 100: f"there is no command {'x' * 39}…; try HELP",
    b"PUB": "PUB needs the name of a channel",
    b"PUB \xff x": "the name of the channel is not UTF-8",
    b"PUB a key=%zz x": "key is percent-encoded: a % is written %25",
    b"PUB a key=100% x": "key is percent-encoded: a % is written %25",
    b"PUB a id=%ff x": "id is not UTF-8",
    b"PUB a key=a key=b x": "key is said twice",
    b"PUB a kye=pump-3 23.5": ("unknown option kye; did you mean key?; put -- before a body that begins so"),
    b"PUB a key=k Typ=text/plain x": (
        "unknown option Typ; did you mean type?; put -- before a body that begins so"
    ),
    b"PUB a colour=red": "unknown option colour; put -- before a body that begins so",
    b"SUB": "SUB needs the name of a channel",
    b"SUB a sinc=all": "SUB has no option sinc=all; known: since, key, format, group; did you mean since?",
    b"SUB a since": "SUB has no option since; known: since, key, format, group; did you mean since?",
    b"SUB a format=xml": "format is body or json",
    b"SUB a group=g since=all": (
        "a group goes on where it was, with every key: since and key are not for groups"
    ),
    b"ACK a": "a seq is a number from 1 on",
    b"ACK a 1 x": "a seq is a number from 1 on, and not x",
    b"ACK a 0": "a seq is a number from 1 on, and not 0",
    b"NAK a x": "a seq is a number from 1 on, and not x",
    b"NAK a 1 delay=soon": "delay is a time such as 500ms, 2s or 5m, and not 'soon'",
    b"NAK a 1 delay=2d": "delay is a day at most",
    b"UNSUB a b": "UNSUB takes nothing, and not b",
    b"PING you": "PING takes nothing, and not you",
}


@pytest.mark.parametrize("line", LINES, ids=repr)
def test_what_a_line_says(line):
    assert parse(line) == LINES[line]


@pytest.mark.parametrize("line", ERRORS, ids=repr)
def test_what_is_wrong_with_a_line(line):
    with pytest.raises(CommandError) as raised:
        parse(line)
    assert str(raised.value) == ERRORS[line]


def test_a_wrong_since_says_what_there_is():
    with pytest.raises(CommandError, match=r"since is new, last, .* and not 'soon'"):
        parse(b"SUB a since=soon")


@given(
    st.binary() | st.binary().map(lambda rest: b"PUB a " + rest) | st.binary().map(lambda r: b"SUB a " + r)
)
def test_whatever_is_said_is_a_command_or_an_error_in_words(line):
    words = ""
    try:
        parse(line)
    except CommandError as error:
        words = str(error)
    assert words.isprintable()


names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=" "), min_size=1)
values = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(names, st.binary(), st.none() | values, st.none() | values, st.none() | values)
def test_whatever_is_published_arrives(name, body, key, id_, kind):
    options = [("key", key), ("id", id_), ("type", kind)]
    words = ["PUB", name, *(f"{option}={quote(value, safe='')}" for option, value in options if value), "--"]
    command = parse(" ".join(words).encode() + b" " + body)
    assert command == Publish(name, body, key or "", id_ or "", kind or "")


@given(st.sampled_from(PLAIN), st.data())
def test_verbs_may_be_in_either_case(verb, data):
    mixed = "".join(data.draw(st.sampled_from([letter, letter.lower()])) for letter in verb)
    assert parse(mixed.encode()) == verb
