"""What channels, and the services that use them, are made of: one thing is changed at a time, and just those
differ that it is for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from protocols.daemon.channels.places import all_channels
from protocols.daemon.channels.print import prints
from protocols.daemon.loader import load
from protocols.daemon.reload.fingerprint import fingerprint
from protocols.daemon.reload.user_code import UserCode
from protocols.daemon.spec.channel import ChannelSpec

FUNCTIONS = """
from helper import Number

def shout(message: str) -> str:
    return message
"""

YAML = """
channels:
  typed: {store: memory, schema: functions:Number}
  plain: {store: memory, groups: {g: {tries: 3}}}
  letters: {store: memory, groups: {g: {dead: last}}}
  last: {store: memory}
  file: {store: {sqlite: {file: one.sqlite}}}
  far: {store: {nats: {servers: "tls://localhost", tls: {ca: ca.pem}}}}
  unused: {store: memory}
services:
  typed: {listen: "tcp://:0", channel: typed}
  plain: {listen: "tcp://:0", channel: {name: plain, mode: subscribe, group: g}}
  several: {listen: "tcp://:0", channel: {name: [letters, file], mode: commands}}
  web: {listen: "tcp://:0", http: {/file: {channel: file}, /far: {websocket: {channel: far}}}}
  shout: {listen: "tcp://:0", function: {call: functions:shout, publish: plain}}
  echo: {listen: "tcp://:0", builtin: echo}
"""


class Site:
    def __init__(self, written) -> None:
        self._written = written
        self.write()
        self.code = UserCode(self.file.parent)
        self.before = self.made_of()

    def write(self, yaml: str = YAML, functions: str = FUNCTIONS, ca: str = "") -> None:
        self.file = self._written(yaml, functions)
        (self.file.parent / "helper.py").write_text("from typing import Any\n\nNumber = int\n")
        (self.file.parent / "ca.pem").write_text(ca)

    def made_of(self):
        with self.code.aside() as aside:
            loaded = load(self.file, aside.resolve)
            specs = all_channels(loaded.config.channels)
            services = {name: fingerprint(loaded, name, self.code) for name in loaded.config.services}
            channels = prints(specs, loaded.origin.folder, self.code.digests)
            aside.commit()
        return channels, services

    def differing(self) -> tuple[set[str], set[str]]:
        channels, services = self.made_of()
        before = self.before
        return (
            {name for name in before[0].keys() | channels if before[0].get(name) != channels.get(name)},
            {name for name in services if before[1][name] != services[name]},
        )


@pytest.fixture
def site(written, forgotten_imports):
    return Site(written)


def test_the_same_again_is_the_same(site):
    site.write("# a remark\n" + YAML)
    assert site.differing() == (set(), set())


CHANGES = {
    "message": "2KiB",
    "pending": 7,
    "keep": "1d",
    "max": "1GiB",
    "key": "sender",
    "slow": "wait",
    "store": "sqlite",
    "schema": "functions:Number",
}


@pytest.mark.parametrize("key", CHANGES)
def test_every_key_counts(site, key):
    spec = {"store": "memory", key: CHANGES[key]}
    site.write(YAML.replace("last: {store: memory}", f"last: {json.dumps(spec)}"))
    assert site.differing() == ({"last", "letters"}, {"several"})


def test_no_key_is_forgotten():
    assert set(ChannelSpec.model_fields) == {*CHANGES, "codec", "groups", "forward", "enabled"}


@pytest.mark.parametrize(
    ("old", "new", "channels", "services"),
    [
        ("tries: 3", "tries: 4", {"plain"}, {"plain", "shout"}),
        ("one.sqlite", "two.sqlite", {"file"}, {"several", "web"}),
        ("tls://localhost", "tls://example.org", {"far"}, {"web"}),
        ("  unused: {store: memory}\n", "", {"unused"}, set()),
        ("  unused: {", "  more: {store: memory}\n  unused: {", {"more"}, set()),
        ("unused: {store: memory}", "unused: {store: memory, codec: json, schema: functions:Number}",
         {"unused"}, set()),
        # Whom messages are passed on to is no part of a channel; that there are dead letters is one more.
        ("last: {store: memory", "last: {store: memory, forward: {f: 'udp://h:1'}", {"last-dead"}, set()),
    ],
)  # fmt: skip
def test_a_change_of_the_yaml(site, old, new, channels, services):
    assert YAML.count(old) == 1
    site.write(YAML.replace(old, new))
    assert site.differing() == (channels, services)


def test_the_code_of_a_schema_counts(site):
    site.write()
    (site.file.parent / "helper.py").write_text("Number = float\n")
    assert site.differing() == ({"typed"}, {"typed", "shout"})


def test_what_files_hold_that_are_read_once_counts(site):
    site.write(ca="another")
    assert site.differing() == ({"far"}, {"web"})


def test_where_systemd_has_files_counts(site, monkeypatch):
    site.write(YAML.replace("{sqlite: {file: one.sqlite}}", "sqlite"))
    site.before = site.made_of()
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/polyport")
    assert site.differing() == ({"file"}, {"several", "web"})


def test_what_is_needed_comes_first():
    listed = {
        "a": ChannelSpec.model_validate({"groups": {"g": {"dead": "b"}}}),
        "b": ChannelSpec.model_validate({"groups": {"g": {}}}),
    }
    found = prints(all_channels(listed), Path("/"), lambda references: {})
    assert list(found) == ["b-dead", "b", "a"]
    assert found["a"].dead == (found["b"],)
