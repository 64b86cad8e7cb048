from __future__ import annotations

from types import SimpleNamespace

import pytest
from twisted.internet.defer import Deferred

from protocols.daemon.control.channel_status import ChannelStatus
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.over_link import RemoteOperations
from protocols.daemon.control.status import (
    ConnectionStatus,
    Outcome,
    PenaltyStatus,
    ReloadStatus,
    ServiceStatus,
    Status,
    WorkerStatus,
)
from protocols.daemon.workers.fleet_operations import ANSWER, FleetOperations

OF_ONE = {"version": "1", "started": 1.0, "config": "polyport.yaml"}


class Together:
    """Two processes that answer what a test says."""

    def __init__(self, fake_process, time) -> None:
        self.time = time
        self.processes = [fake_process(100), fake_process(101)]
        self.slots = [
            SimpleNamespace(index=i, process=process, restarts=i, started=5.0, state="serving")
            for i, process in enumerate(self.processes)
        ]
        self.fleet = SimpleNamespace(slots=self.slots, serving=self._serving)
        first = SimpleNamespace(
            started=1.0,
            loaded=SimpleNamespace(origin=SimpleNamespace(file="/polyport.yaml")),
            names={"shop"},
            reloads=SimpleNamespace(status=ReloadStatus(done=3)),
        )
        self.operations = FleetOperations(first, self.fleet, time)

    def _serving(self):
        return [(slot, RemoteOperations(slot.process.link)) for slot in self.slots]

    def answer(self, do, *answers):
        for process, answer in zip(self.processes, answers, strict=True):
            process.link.answers[do] = answer


@pytest.fixture
def together(fake_process, time):
    return Together(fake_process, time)


def result(deferred):
    found = []
    deferred.addBoth(found.append)
    return found[0]


def status(pid, open_, messages):
    service = ServiceStatus(
        name="shop",
        answers="builtin echo",
        addresses=("tcp://:1",),
        open=open_,
        counts={"messages": messages},
    )
    worker = WorkerStatus(index=0, pid=pid, started=2.0, memory=7)
    return Status(pid=pid, workers=(worker,), services=(service,), **OF_ONE).model_dump(mode="json")


def test_the_status_is_that_of_all_together(together):
    together.answer("status", status(100, 1, 10), status(101, 2, 20))
    found = result(together.operations.status())
    (shop,) = found.services
    assert (shop.open, shop.counts["messages"]) == (3, 30)
    assert [(one.index, one.pid, one.restarts, one.state) for one in found.workers] == [
        (0, 100, 0, "serving"),
        (1, 101, 1, "serving"),
    ]
    assert found.reloads.done == 3


def test_one_that_is_silent_is_said_to_be_and_the_others_answer(together):
    together.answer("status", status(100, 1, 10), status(101, 2, 20))
    result(together.operations.status())
    together.answer("status", status(100, 1, 11), Deferred())
    asked = together.operations.status()
    assert not asked.called
    together.time.advance(ANSWER)
    found = result(asked)
    assert [one.state for one in found.workers] == ["serving", "silent"]
    assert found.services[0].counts["messages"] == 31, "what it last had counted stays"


def test_connections_are_those_of_all_and_one_is_closed_by_whose_it_is(together):
    def connection(worker):
        one = ConnectionStatus(
            id=f"{worker}-7", service="shop", worker=worker, peer="p", transport="tcp", opened=0.0
        )
        return [one.model_dump(mode="json")]

    together.answer("connections", connection(0), connection(1))
    found = result(together.operations.connections())
    assert [one.id for one in found] == ["0-7", "1-7"]
    together.answer("kill", None, Outcome(done=True, text="closed").model_dump(mode="json"))
    assert result(together.operations.kill("1-7")).text == "closed"
    assert [process.link.asked("kill") for process in together.processes] == [0, 1]
    with pytest.raises(OperationError, match="no connection 5-1"):
        together.operations.kill("5-1")


def test_a_service_that_there_is_not_is_refused_once(together):
    together.answer("connections", OperationError("no service x"), OperationError("no service x"))
    failure = result(together.operations.connections("x"))
    assert failure.check(OperationError)
    with pytest.raises(OperationError, match="no service x is served; there are: shop"):
        together.operations.tap("x", print)


def test_a_source_is_listed_once_as_whoever_has_shut_it_out_longest_says(together):
    def penalty(until):
        return [PenaltyStatus(source="a", score=20.0, until=until).model_dump(mode="json")]

    together.answer("penalties", penalty(5.0), penalty(7.0))
    assert [(one.source, one.until) for one in result(together.operations.penalties())] == [("a", 7.0)]


def test_a_source_is_forgiven_if_anybody_knew_it(together):
    together.answer(
        "forgive",
        Outcome(done=False, text="nothing").model_dump(mode="json"),
        Outcome(done=True, text="forgiven").model_dump(mode="json"),
    )
    assert result(together.operations.forgive("a")).text == "forgiven"


def test_nobody_answers_when_nobody_serves(together):
    together.slots.clear()
    assert result(together.operations.forgive("a")).done is False
    assert result(together.operations.connections()) == []


def test_a_level_that_there_is_not_is_refused(together):
    failure = result(together.operations.log_level("loud"))
    assert failure.check(OperationError)


def test_channels_are_those_of_all_together(together):
    def told(pid, published, subscribers):
        channel = ChannelStatus(
            name="orders", last=9, subscribers=subscribers, counts={"published": published}
        )
        found = Status.model_validate(status(pid, 1, 1)).model_copy(update={"channels": (channel,)})
        return found.model_dump(mode="json")

    together.answer("status", told(100, 4, 1), told(101, 5, 2))
    (orders,) = result(together.operations.status()).channels
    assert (orders.last, orders.subscribers, orders.counts) == (9, 3, {"published": 9})
    together.answer("status", told(100, 6, 0), Deferred())
    asked = together.operations.status()
    together.time.advance(ANSWER)
    assert result(asked).channels[0].counts == {"published": 11}, "what it last had counted stays"
