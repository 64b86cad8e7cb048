"""Which channels there are, and where each is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.daemon.channels.places import all_channels, dead_names, place_of, sqlite_file
from protocols.daemon.spec.channel import ChannelSpec
from protocols.daemon.spec.channel_store import SQLiteSpec

FOLDER = Path("/etc/polyport")


@pytest.fixture(autouse=True)
def no_state(monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)


def channels(**given) -> dict[str, ChannelSpec]:
    return {name: ChannelSpec.model_validate(spec) for name, spec in given.items()}


def test_dead_letters_need_no_listing():
    found = all_channels(channels(a={"groups": {"g": {}}, "message": "2KiB"}, b={}))
    assert list(found) == ["a", "b", "a-dead"]
    assert found["a-dead"].message == 2048


def test_one_that_is_listed_is_that_of_the_dead_letters():
    listed = channels(a={"groups": {"g": {}}}, **{"a-dead": {"keep": "1d"}})
    assert all_channels(listed) == listed


def test_nobody_needs_one_where_all_are_said():
    listed = channels(a={"groups": {"g": {"dead": "b"}}}, b={})
    assert all_channels(listed) == listed
    assert list(dead_names("a", listed["a"])) == ["b"]


def test_a_forward_gives_up_too():
    # However often it tries: what is refused for good is not tried again.
    found = all_channels(channels(a={"forward": {"f": {"to": "udp://h:1", "tries": 0}}}))
    assert list(found) == ["a", "a-dead"]
    assert list(dead_names("a", found["a"])) == []


def test_what_is_not_enabled_is_not_there():
    assert all_channels(channels(a={"enabled": False, "groups": {"g": {}}})) == {}


@pytest.mark.parametrize(
    ("store", "place"),
    [
        ({"sqlite": {"file": "/var/a.sqlite"}}, ("file", "/var/a-dead.sqlite")),
        ({"nats": {"stream": "X"}}, ("stream", frozenset({"nats://127.0.0.1:4222"}), "X-dead")),
        ("nats", ("stream", frozenset({"nats://127.0.0.1:4222"}), "a-dead")),
        ("memory", ("memory", "a-dead")),
        ("sqlite", ("file", "/etc/polyport/channels/a-dead.sqlite")),
    ],
)
def test_dead_letters_are_beside_the_others(store, place):
    found = all_channels(channels(a={"store": store, "groups": {"g": {}}}))
    assert place_of("a-dead", found["a-dead"], FOLDER) == place
    assert place_of("a", found["a"], FOLDER) != place


def test_systemd_says_where_files_are(monkeypatch):
    assert sqlite_file("a", SQLiteSpec(), FOLDER) == FOLDER / "channels/a.sqlite"
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/polyport:/var/lib/other")
    assert sqlite_file("a", SQLiteSpec(), FOLDER) == Path("/var/lib/polyport/channels/a.sqlite")
    assert sqlite_file("a", SQLiteSpec(file=Path("/b")), FOLDER) == Path("/b")
