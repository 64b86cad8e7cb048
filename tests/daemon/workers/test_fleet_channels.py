"""Channels of a daemon of several processes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.over_link import RemoteOperations
from protocols.daemon.control.status import Outcome
from protocols.daemon.workers.fleet_channels import FleetChannels

DONE = Outcome(done=True, text="done").model_dump(mode="json")


@pytest.fixture
def processes(fake_process):
    return [fake_process(100), fake_process(101)]


@pytest.fixture
def channels(processes):
    def serving():
        return [(None, RemoteOperations(process.link)) for process in processes]

    return FleetChannels(SimpleNamespace(serving=serving))


def result(deferred):
    found = []
    deferred.addBoth(found.append)
    return found[0]


def test_one_of_them_is_asked(channels, processes):
    page = {"messages": [], "position": 3, "first": 1, "last": 3}
    piece = {"text": "", "messages": 0, "position": 3}
    asked = {
        "position": (("new",), 3),
        "page": ((0,), page),
        "export": ((0, 3), piece),
        "publish": (([],), []),
        "trim": ((1,), DONE),
        "rewind": (("billing", 1), DONE),
        "dead": ((), []),
        "retry": ((), DONE),
        "drop": ((), DONE),
    }
    for do, (arguments, answer) in asked.items():
        processes[0].link.answers[f"channel_{do}"] = answer
        result(getattr(channels, do)("readings", *arguments))
        assert [process.link.asked(f"channel_{do}") for process in processes] == [1, 0], do


def test_nobody_serves():
    channels = FleetChannels(SimpleNamespace(serving=list))
    with pytest.raises(OperationError, match="no process serves"):
        channels.position("readings", "new")
