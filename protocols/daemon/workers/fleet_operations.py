"""What can be asked of a daemon of several processes: each is asked, and the answers are put together."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks
from twisted.logger import Logger

from protocols import __version__
from protocols.daemon.control.channel_status import ended_channel, merged_channels
from protocols.daemon.control.lasting_counts import LastingCounts, ended_service
from protocols.daemon.control.operations import OperationError, Operations
from protocols.daemon.control.status import (
    ConnectionStatus,
    Frame,
    Outcome,
    PenaltyStatus,
    Status,
    WorkerStatus,
    merged_services,
)
from protocols.daemon.log import threshold
from protocols.daemon.workers.fleet import Fleet
from protocols.daemon.workers.fleet_channels import FleetChannels
from protocols.daemon.workers.slot import Slot

if TYPE_CHECKING:
    from protocols.daemon.first_process import FirstProcess

log = Logger(namespace="polyport")

ANSWER: Final = 2.0
"""Seconds that a process gets to answer: who asks is told of all the others by then."""

T = TypeVar("T")
Answers = list[tuple[Slot, T]]


class FleetOperations:
    """What can be asked of the processes of `fleet`, in the `first` one (Operations)."""

    def __init__(self, first: FirstProcess, fleet: Fleet, reactor: Any) -> None:
        self._first = first
        self._fleet = fleet
        self._reactor = reactor
        self._services = LastingCounts(merged_services, ended_service)
        self._channels = LastingCounts(merged_channels, ended_channel)
        self.channels = FleetChannels(fleet)

    @inlineCallbacks
    def status(self) -> Generator[Deferred[Any], Any, Status]:
        """The services of all together, and a line for each process."""
        answers: Answers[Status] = yield self._ask(lambda operations: operations.status())
        first, slots = self._first, self._fleet.slots
        of = {slot.index: status for slot, status in answers}
        for slot, status in answers:
            self._services.heard(slot.index, status.pid, status.services)
            self._channels.heard(slot.index, status.pid, status.channels)
        pids = {slot.index: slot.process.pid for slot in slots if slot.process is not None}
        return Status(
            version=__version__,
            pid=os.getpid(),
            started=first.started,
            config=str(Path(first.loaded.origin.file).absolute()),
            workers=tuple(_worker(slot, of.get(slot.index)) for slot in slots),
            services=self._services.together(pids),
            channels=self._channels.together(pids),
            reloads=first.reloads.status,
        )

    def reload(self) -> Deferred[Outcome]:
        return self._first.reload()

    def upgrade(self) -> Deferred[Outcome]:
        return self._first.upgrade()

    def drain(self, service: str) -> Deferred[Outcome]:
        gone = self._first.drain(service)
        return gone.addCallback(lambda _: Outcome(done=True, text=f"{service} is drained"))

    @inlineCallbacks
    def connections(
        self, service: str | None = None
    ) -> Generator[Deferred[Any], Any, list[ConnectionStatus]]:
        answers: Answers[list[ConnectionStatus]] = yield self._ask(lambda one: one.connections(service))
        return [connection for _, connections in answers for connection in connections]

    def kill(self, connection: str) -> Deferred[Outcome]:
        index = connection.partition("-")[0]
        for slot, operations in self._fleet.serving():
            if str(slot.index) == index:
                return operations.kill(connection)
        raise OperationError(
            f"no connection {connection} is open; `polyport connections` lists those there are"
        )

    def tap(self, service: str, heard: Callable[[Frame], None]) -> Callable[[], None]:
        if service not in self._first.names:
            known = ", ".join(self._first.names)
            raise OperationError(f"no service {service} is served; there are: {known}")
        stops = [operations.tap(service, heard) for _, operations in self._fleet.serving()]

        def stop() -> None:
            for each in stops:
                each()

        return stop

    @inlineCallbacks
    def penalties(self) -> Generator[Deferred[Any], Any, list[PenaltyStatus]]:
        """Each source once, though several processes may have seen what it did."""
        answers: Answers[list[PenaltyStatus]] = yield self._ask(lambda one: one.penalties())
        worst: dict[str, PenaltyStatus] = {}
        for _, penalties in answers:
            for penalty in penalties:
                known = worst.get(penalty.source)
                if known is None or penalty.until > known.until:
                    worst[penalty.source] = penalty
        return list(worst.values())

    @inlineCallbacks
    def forgive(self, source: str) -> Generator[Deferred[Any], Any, Outcome]:
        answers: Answers[Outcome] = yield self._ask(lambda one: one.forgive(source))
        return _any(outcome for _, outcome in answers)

    @inlineCallbacks
    def log_level(self, level: str) -> Generator[Deferred[Any], Any, Outcome]:
        try:
            threshold.set(level)
        except ValueError as error:
            raise OperationError(str(error)) from error
        answers: Answers[Outcome] = yield self._ask(lambda one: one.log_level(level))
        return _any(outcome for _, outcome in answers)

    @inlineCallbacks
    def _ask(self, ask: Callable[[Operations], Deferred[T]]) -> Generator[Deferred[Any], Any, Answers[T]]:
        """Ask all that serve.  One that does not answer within :data:`ANSWER` is left out, which is logged;
        if all say that it makes no sense, so does this."""
        asked = [(slot, ask(operations)) for slot, operations in self._fleet.serving()]
        for slot, answer in asked:
            answer.addTimeout(ANSWER, self._reactor, partial(_too_late, slot))
        results = yield DeferredList([answer for _, answer in asked], consumeErrors=True)
        answers = [(slot, value) for (slot, _), (done, value) in zip(asked, results, strict=True) if done]
        for done, failure in results:
            if not done and not answers and failure.check(OperationError):
                failure.raiseException()
        return answers


def _too_late(slot: Slot, outcome: object, seconds: float) -> object:
    log.warn("worker {index} has not answered within {seconds:g} s", index=slot.index, seconds=seconds)
    return outcome


def _worker(slot: Slot, status: Status | None) -> WorkerStatus:
    """What is known of the process in `slot`, whether it has answered or not."""
    known = None if status is None else next(iter(status.workers), None)
    if known is None:
        pid = 0 if slot.process is None else slot.process.pid
        known = WorkerStatus(index=slot.index, pid=pid, started=slot.started)
    return known.model_copy(
        update={
            "index": slot.index,
            "started": slot.started,
            "restarts": slot.restarts,
            "state": "silent" if slot.state == "serving" and status is None else slot.state,
        }
    )


def _any(outcomes: Iterable[Outcome]) -> Outcome:
    """One of several that say the same: that something was done, if it was done anywhere."""
    known = list(outcomes)
    if not known:
        return Outcome(done=False, text="no process answers")
    return next((outcome for outcome in known if outcome.done), known[0])
