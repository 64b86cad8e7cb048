"""Forwards over reloads."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from protocols.daemon.channels.forwarding import forward_for
from protocols.daemon.channels.forwards import Forwards, Wanted
from protocols.daemon.channels.kept import Kept
from protocols.daemon.spec.channel_forward import ChannelForwardSpec


class FakeForward:
    def __init__(self, name: str, wanted: Wanted) -> None:
        self.name = name
        self.said: list[str] = []
        self.ending: Deferred[None] = Deferred()

    def start(self) -> None:
        self.said.append("start")

    def stop(self) -> Deferred[None]:
        self.said.append("stop")
        return self.ending


@pytest.fixture
def made():
    return []


@pytest.fixture
def forwards(made):
    def make(name, wanted):
        if wanted.spec.key == "broken":
            raise ValueError("the file holds no certificate")
        made.append(FakeForward(name, wanted))
        return made[-1]

    return Forwards(make)


@pytest.fixture
def kept():
    return Kept(SimpleNamespace(), SimpleNamespace(name="a", clock=Clock(), close=lambda: None))


@pytest.fixture
def want(kept):
    def want(**given):
        spec = ChannelForwardSpec.model_validate({"to": "udp://127.0.0.1:9", **given})
        return {("a", "f"): Wanted(spec, (), kept, None)}

    return want


def test_one_that_has_not_changed_goes_on(forwards, made, want):
    forwards.change(want())
    forwards.change(want())
    assert [forward.said for forward in made] == [["start"]]
    assert list(forwards.running) == [("a", "f")]


def test_one_that_has_changed_begins_when_the_former_has_finished(forwards, made, want):
    forwards.change(want())
    forwards.change(want(key="b"))
    assert [forward.said for forward in made] == [["start", "stop"], []]
    made[0].ending.callback(None)
    assert [forward.said for forward in made] == [["start", "stop"], ["start"]]


def test_one_that_has_changed_twice_meanwhile_begins_once(forwards, made, want):
    forwards.change(want())
    forwards.change(want(key="b"))
    forwards.change(want(key="c"))
    made[0].ending.callback(None)
    assert [forward.said for forward in made] == [["start", "stop"], [], ["start"]]


def test_it_ends_when_what_was_on_its_way_has(forwards, made, want):
    forwards.change(want())
    stopped = forwards.stop()
    assert not stopped.called
    assert forwards.running == {}
    made[0].ending.callback(None)
    assert stopped.called


def test_its_channel_is_open_until_then(forwards, made, want, kept):
    kept.is_listed = True
    forwards.change(want())
    forwards.stop()
    kept.unlist()
    assert kept._users == 1
    made[0].ending.callback(None)
    assert kept._users == 0


def test_a_file_that_has_gone_meanwhile_stops_no_other(forwards, made, want, failures):
    forwards.change({**want(), ("a", "g"): want(key="broken")[("a", "f")]})
    assert [forward.name for forward in made] == ["f"]
    (event,) = failures.events
    failures.events.clear()
    assert event["log_format"] == "channel {channel}: forward {name}: {error}"


def test_what_is_written_is_what_it_does():
    spec = ChannelForwardSpec.model_validate(
        {
            "to": "https://127.0.0.1/hook",
            "secret": "Zmlyc3Q=",
            "headers": {"Authorization": "Bearer x"},
            "cookies": True,
            "redirects": 2,
            "since": "2h",
            "tries": 3,
            "deadline": "5s",
            "backoff": "2s",
            "inflight": 4,
            "format": "json",
            "key": "tea",
        }
    )
    channel = SimpleNamespace(name="a", now=Clock().seconds, clock=Clock(), store=None)
    forward = forward_for("f", spec, channel, None, Clock())
    settings = forward.settings
    assert (settings.secrets, settings.headers) == (("Zmlyc3Q=",), (("Authorization", "Bearer x"),))
    assert (settings.cookies, settings.redirects, settings.inflight) == (True, 2, 4)
    assert (settings.tries, settings.deadline, settings.backoff) == (3, 5.0, 2.0)
    assert (settings.format, settings.key) == ("json", "tea")
    assert (settings.since.kind, settings.since.number) == ("ago", 7200)
