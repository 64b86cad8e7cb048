"""The channels of a process, over reloads."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from protocols.channels import Entry, UnknownError
from protocols.channels.directory import HERE
from protocols.daemon.channels.registry import ChannelRegistry
from protocols.daemon.importing import importer
from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError

YAML = """
channels:
  one: {store: memory}
  two: {store: memory}
services: {echo: {listen: "tcp://:0", builtin: echo}}
"""


class Process:
    """A registry that is told of one YAML after the other."""

    def __init__(self, written) -> None:
        self.registry = ChannelRegistry()
        self.clock = Clock()
        self.code: dict[str, str] = {}
        self._written = written

    def proposed(self, yaml: str, functions: str = ""):
        file = self._written(yaml, functions)
        loaded = load(file, importer(file.parent))
        return self.registry.proposed(loaded, self.clock, lambda references: self.code)

    def take(self, yaml: str, functions: str = ""):
        proposal = self.proposed(yaml, functions)
        proposal.open()
        proposal.take()
        return proposal

    def publish(self, channel: str, body: bytes) -> int:
        return self.registry.channels[channel].publish([Entry(body)])[0].seq


@pytest.fixture
def process(written, forgotten_imports):
    yield (made := Process(written))
    made.registry.stop()


def test_functions_find_them_once_they_are_taken(process):
    proposal = process.proposed(YAML)
    assert "one" not in HERE
    proposal.open()
    proposal.take()
    assert HERE["one"] is process.registry.channels["one"]
    process.registry.stop()
    with pytest.raises(UnknownError):
        HERE["one"]


def test_what_has_not_changed_is_the_same_channel(process):
    process.take(YAML)
    before = process.registry.channels
    proposal = process.take(YAML.replace("two: {store: memory}", "two: {store: memory, keep: 1d}"))
    after = process.registry.channels
    assert after["one"] is before["one"]
    assert after["two"] is not before["two"]
    assert proposal.deeds == {"one": "kept", "two": "changed"}


def test_a_changed_one_goes_on_with_its_messages(process):
    process.take(YAML)
    assert process.publish("two", b"a") == 1
    process.take(YAML.replace("two: {store: memory}", "two: {store: memory, keep: 1d}"))
    assert process.registry.channels["two"].last == 1
    assert process.publish("two", b"b") == 2


def test_what_was_dropped_begins_anew(process):
    process.take(YAML)
    process.publish("two", b"a")
    proposal = process.take(YAML.replace("  two: {store: memory}\n", ""))
    assert proposal.deeds == {"one": "kept", "two": "removed"}
    assert list(HERE) == ["one"]
    assert process.take(YAML).deeds == {"one": "kept", "two": "added"}
    assert process.publish("two", b"b") == 1


def test_what_is_used_is_closed_when_nobody_does_any_more(process):
    proposal = process.take(YAML)
    kept = proposal.kept["two"]
    release = kept.lease()
    process.take(YAML.replace("  two: {store: memory}\n", ""))
    assert kept.is_open
    release()
    assert not kept.is_open


def test_who_uses_what_a_channel_was_is_counted_with_it(process):
    before = process.take(YAML).kept["two"]
    release = before.lease()
    process.publish("two", b"a")
    changed = YAML.replace("two: {store: memory}", "two: {store: memory, keep: 1d}")
    after = process.take(changed).kept["two"]
    assert process.registry.earlier("two") == [before.channel]
    assert process.registry.earlier("one") == []
    before.channel.publish([Entry(b"b")])
    after.channel.publish([Entry(b"c")])
    assert after.channel.counts.published == 3
    release()
    assert process.registry.earlier("two") == []
    assert after.channel.counts.published == 3


def test_what_is_discarded_leaves_everything_as_it_was(process):
    before = process.take(YAML).kept
    proposal = process.proposed(YAML.replace("two: {", "two: {message: 2KiB, ") + "  \n")
    proposal.open()
    proposal.discard()
    assert not proposal.kept["two"].is_open
    assert before["one"].is_open
    assert before["two"].is_open
    assert process.registry.kept == before


def test_new_code_of_a_schema_makes_a_new_channel(process):
    yaml = YAML.replace("two: {", "two: {schema: functions:Order, ")
    functions = "from dataclasses import dataclass\n\n@dataclass\nclass Order:\n    item: str\n"
    process.code = {"functions": "1"}
    before = process.take(yaml, functions).kept
    assert process.take(yaml, functions).kept["two"] is before["two"]
    process.code = {"functions": "2"}
    after = process.take(yaml, functions).kept
    assert after["one"] is before["one"]
    assert after["two"] is not before["two"]


def test_what_gets_dead_letters_is_new_together_with_whom_it_gets_them_from(process):
    yaml = YAML.replace("one: {store: memory}", "one: {store: memory, groups: {g: {dead: two}}}")
    before = process.take(yaml).kept
    group = before["one"].channel.groups["g"]
    assert group.dead is before["two"].channel
    after = process.take(yaml.replace("two: {", "two: {keep: 1d, ")).kept
    assert after["one"] is not before["one"]
    assert after["one"].channel.groups["g"].dead is after["two"].channel


def test_a_forward_changes_no_channel(process):
    before = process.take(YAML).kept
    proposal = process.take(YAML.replace("two: {", "two: {forward: {f: 'udp://127.0.0.1:1'}, "))
    assert proposal.kept["two"] is before["two"]
    assert proposal.deeds["two"] == "changed"


def test_what_a_reactor_cannot_do_is_said_once_of_each(process):
    yaml = YAML.replace("two: {store: memory}", "two: {store: nats, groups: {g: {}}}")
    with pytest.raises(ConfigError) as raised:
        process.proposed(yaml)
    (said,) = raised.value.problems
    assert said.path == "channels.two.store"
    assert "needs asyncio" in said.message


def test_all_are_closed_in_the_end(process):
    kept = process.take(YAML).kept
    release = kept["two"].lease()
    process.take(YAML.replace("  two: {store: memory}\n", ""))
    assert process.registry.stop().called
    assert not any(one.is_open for one in kept.values())
    release()
    assert process.registry.stop().called


def closed_later(kept):
    """Has the channel of `kept` close when what this returns fires."""
    closing, close = Deferred(), kept.channel.close
    kept.channel.close = lambda: closing.addCallback(lambda _: close())
    return closing


def test_what_a_reload_is_closing_is_waited_for_in_the_end(process):
    closing = closed_later(process.take(YAML).kept["two"])
    process.take(YAML.replace("  two: {store: memory}\n", ""))
    stopped = process.registry.stop()
    assert not stopped.called
    closing.callback(None)
    assert stopped.called


def test_so_is_what_was_discarded(process):
    process.take(YAML)
    proposal = process.proposed(YAML.replace("two: {", "two: {message: 2KiB, "))
    proposal.open()
    closing = closed_later(proposal.kept["two"])
    proposal.discard()
    stopped = process.registry.stop()
    assert not stopped.called
    closing.callback(None)
    assert stopped.called


def test_what_gets_dead_letters_is_closed_after_whom_it_gets_them_from(process):
    yaml = YAML.replace("one: {store: memory}", "one: {store: memory, groups: {g: {dead: two}}}")
    kept = process.take(yaml).kept
    closing = closed_later(kept["one"])
    process.registry.stop()
    assert kept["two"].is_open
    closing.callback(None)
    assert not kept["two"].is_open
