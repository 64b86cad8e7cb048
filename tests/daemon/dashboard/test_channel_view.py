"""The page of one channel."""

from __future__ import annotations

from dataclasses import fields

import pytest

from protocols.channels.channel_counts import ChannelCounts
from protocols.channels.message import Message
from protocols.daemon.control.channel_messages import StoredMessage
from protocols.daemon.control.channel_status import ChannelStatus, ForwardStatus, GroupStatus
from protocols.daemon.dashboard.channel_history import ChannelHistory
from protocols.daemon.dashboard.channel_view import TEXT, WORDS, channel_view
from protocols.daemon.dashboard.wording import THIN


@pytest.fixture
def view(made):
    def view(messages=(), **known):
        channel = ChannelStatus(**{"name": "readings", "store": "sqlite", **known})
        stored = None if messages is None else [StoredMessage.of(one) for one in messages]
        return channel_view(channel, ChannelHistory(), made.now, stored)

    return view


def test_a_channel_with_nothing(view):
    shown = view()
    assert (shown.texts["store"], shown.texts["state"], shown.texts["trouble"]) == (
        "an SQLite file",
        "available",
        "",
    )
    assert (shown.texts["published"], shown.texts["published_peak"]) == ("\u2013", "\u2013")
    assert (shown.texts["oldest"], shown.texts["kept"], shown.texts["last"]) == ("\u2013", "0", "0")
    assert not any(shown.tables.values())
    assert shown.kinds == {"state": "", "letters": ""}


def test_what_is_kept(view, made):
    shown = view(first=3, last=12_345, octets=2048, oldest=made.now - 3600, newest=made.now - 2)
    assert (shown.texts["last"], shown.texts["size"]) == ("12,345", f"2.00{THIN}KiB")
    assert (shown.texts["oldest"], shown.texts["newest"]) == (f"1{THIN}h ago", f"2{THIN}s ago")


def test_what_is_wrong(view):
    shown = view(trouble="the disk is full", letters=2)
    assert (shown.texts["state"], shown.texts["trouble"]) == ("unavailable", "the disk is full")
    assert shown.kinds == {"state": "bad", "letters": "bad"}


def test_groups(view):
    shown = view(
        groups=(
            GroupStatus(name="billing", position=12_000, lag=5, claimed=2, members=3),
            GroupStatus(name="nobody", lag=1),
            GroupStatus(name="idle"),
        )
    )
    billing, nobody, idle = shown.tables["groups"]
    assert dict(billing.texts) == {
        "name": "billing",
        "members": "3",
        "position": "12,000",
        "lag": "5",
        "claimed": "2",
    }
    assert [row.kind for row in (billing, nobody, idle)] == ["", "warn", ""]


def test_where_it_is_sent_on_to(view, made):
    shown = view(
        forwards=(
            ForwardStatus(name="crm", to="https://crm", error="was refused once", counts={"delivered": 7}),
            ForwardStatus(name="mirror", failing_since=made.now - 90, error="refused"),
        )
    )
    works, fails = shown.tables["forwards"]
    assert (works.texts["state"], works.texts["error"], works.texts["delivered"]) == ("working", "", "7")
    assert (fails.texts["state"], fails.texts["error"]) == (f"failing for 1{THIN}min", "refused")
    assert [works.kind, fails.kind] == ["", "warn"]


def test_messages_come_newest_first_and_cut(view):
    first = Message(1, 1_800_000_000_123, b"a\xff", "k", sender="alice")
    second = Message(2, 1_800_000_001_000, b"x" * (TEXT + 1))
    shown = view([first, second])
    newest, oldest = shown.tables["messages"]
    assert (newest.key, len(newest.texts["text"]), newest.texts["size"]) == ("2", TEXT, f"501{THIN}B")
    assert (oldest.texts["text"], oldest.texts["key_text"], oldest.texts["sender"]) == (
        r"a\xff",
        "k",
        "alice",
    )
    assert shown.texts["unknown"] == ""


def test_messages_that_are_not_known(view):
    shown = view(None)
    assert shown.texts["unknown"] == "It is not known which there are."
    assert shown.tables["messages"] == []


def test_there_are_words_for_every_count():
    assert {*WORDS} == {field.name for field in fields(ChannelCounts)}


def test_counts(view):
    shown = view(counts={"dropped": 1, "published": 1234, "dead": 2, "waited": 0, "brand_new": 5})
    assert [(row.texts["words"], row.texts["number"], row.kind) for row in shown.tables["counters"]] == [
        ("brand new", "5", ""),
        ("messages taken", "1,234", ""),
        ("messages that a group has given up", "2", "errors"),
        ("messages that slow subscribers have missed", "1", "refusals"),
    ]
