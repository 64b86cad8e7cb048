"""Entries and what NATS keeps of them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from protocols.channels.message import Entry
from protocols.channels.nats.stored_message import Delivery, as_value, headers_of, message_of, of_value
from protocols.channels.nats.subjects import Subjects

OURS = Subjects.ours("readings")
TEXT = st.text(st.characters(exclude_categories=["C"]), max_size=20).filter(str.isprintable)
NAMES = st.one_of(TEXT, st.sampled_from(["tries", "Status", "Content-Type", "nats-x", "Polyport-Headers"]))
ENTRIES = st.builds(
    Entry,
    body=st.binary(max_size=8),
    key=TEXT,
    id=TEXT,
    sender=TEXT,
    content_type=TEXT,
    headers=st.lists(st.tuples(NAMES, TEXT), max_size=3).map(tuple),
)


def stored(entry, subjects):
    """What comes out again, with its headers as nats-py writes and reads them."""
    lines = "".join(f"{name}: {value.strip()}\r\n" for name, value in headers_of(entry, subjects).items())
    headers = Client._parse_header_lines(lines.encode())
    message = SimpleNamespace(data=entry.body, headers=headers, subject=subjects.subject(entry.key))
    return message_of(message, Delivery(1, 7, 1, 1_700_000_000_000, 0), subjects)


@given(subjects=st.sampled_from([OURS, Subjects("events")]), entry=ENTRIES)
def test_every_entry_comes_back(subjects, entry):
    message = stored(entry, subjects)
    assert Entry(*message[2:]) == entry
    assert message[:2] == (7, 1_700_000_000_000)


def test_plain_values_stand_as_they_are_for_the_tools_of_others():
    entry = Entry(b"", "k", "id-1", "tcp://192.0.2.1:5", "text/plain", (("tries", "5"), ("why", "it burns")))
    assert headers_of(entry, OURS) == {
        "Nats-Msg-Id": "id-1",
        "Polyport-Sender": "tcp://192.0.2.1:5",
        "Content-Type": "text/plain",
        "tries": "5",
        "why": "it burns",
    }


def test_what_has_no_id_gets_one_of_its_own_that_nobody_sees():
    first, second = (headers_of(Entry(b"same"), OURS)["Nats-Msg-Id"] for _ in range(2))
    assert first != second
    assert stored(Entry(b"same"), OURS).id == ""


@pytest.mark.parametrize("text", ["polyport:00", '"', " a", "é", ""])
def test_a_value_that_could_be_taken_for_something_else_is_quoted(text):
    assert as_value(text).startswith('"')
    assert of_value(as_value(text)) == text


@pytest.mark.parametrize("value", ['"not closed', '"a" b', "plain", ""])
def test_values_of_others_are_taken_as_they_are(value):
    assert of_value(value) == value


def test_headers_of_others():
    message = SimpleNamespace(
        data=b"x",
        subject="readings.a",
        headers={"Nats-Expected-Stream": "s", "Colour": '"red"', "Polyport-Headers": "{"},
    )
    found = message_of(message, Delivery(1, 1, 1, 1, 0), OURS)
    assert found.headers == (("Colour", '"red"'), ("Polyport-Headers", "{"))
    assert (found.key, found.id) == ("a", "")


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.readings.c.2.17.4.1700000000123456789.9",
        "$JS.ACK._.hash.readings.c.2.17.4.1700000000123456789.9",
        "$JS.ACK.hub.hash.readings.c.2.17.4.1700000000123456789.9.random",
    ],
)
def test_a_delivery_is_read_in_both_forms(reply):
    assert Delivery.of(reply) == (2, 17, 4, 1_700_000_000_123, 9)
