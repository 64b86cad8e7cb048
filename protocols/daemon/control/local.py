"""What can be asked of one process that serves."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger

from protocols import __version__
from protocols.channels.channel import Channel
from protocols.channels.directory import HERE
from protocols.daemon.control.channel_figures import AllFigures, EarlierOf, ForwardsOf, never, nowhere
from protocols.daemon.control.channel_status import ChannelStatus
from protocols.daemon.control.frames import frame_of
from protocols.daemon.control.local_channels import LocalChannels
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.process_figures import open_descriptors, processor_time, resident_memory
from protocols.daemon.control.service_status import service_statuses
from protocols.daemon.control.status import (
    ConnectionStatus,
    Frame,
    Outcome,
    PenaltyStatus,
    ReloadStatus,
    Status,
    WorkerStatus,
)
from protocols.daemon.fairness import Reputation
from protocols.daemon.loader import Loaded
from protocols.daemon.log import threshold
from protocols.daemon.loop_watch import LoopWatch
from protocols.daemon.numbers import Numbers
from protocols.daemon.port_service import PortService
from protocols.open_connection import OpenConnection
from protocols.source import source_of
from protocols.tap import Passed

log = Logger(namespace="polyport")

CONNECTIONS_TOLD = 100_000
"""Connections that are listed at most: so many fit into an answer."""

AT_A_TIME = 500
"""Connections that are listed in one turn of the reactor: two milliseconds, which nobody notices who is
served."""


class RecordOfReloads(Protocol):
    """Knows what became of reloads."""

    @property
    def status(self) -> ReloadStatus: ...


class ServingProcess(Protocol):
    """A daemon of one process, as it is now."""

    @property
    def started(self) -> float:
        """Seconds since the epoch."""

    @property
    def loaded(self) -> Loaded: ...

    @property
    def units(self) -> Mapping[str, PortService]:
        """The services that are served, by name."""

    @property
    def retiring(self) -> Sequence[PortService]:
        """What is replaced or removed, and still has connections."""

    @property
    def reputation(self) -> Reputation: ...

    @property
    def reloads(self) -> RecordOfReloads: ...

    def reload(self) -> Deferred[Outcome]: ...

    def upgrade(self) -> Deferred[Outcome]: ...

    def drain(self, name: str) -> Deferred[None]:
        """Fires when the last connection is gone.  Raises :class:`OperationError`."""


class LocalOperations:
    """:class:`~protocols.daemon.control.operations.Operations` of `process`, asked in itself.

    :param worker: which of several processes it is.
    :param loop: knows how its event loop gets on.
    :param channels: those of this process.
    :param forwards: where their messages are sent on to from here.
    :param earlier: what they were here before reloads.

    .. attribute:: channels

       What can be asked of them.
    """

    def __init__(
        self,
        process: ServingProcess,
        reactor: Any,
        worker: int = 0,
        loop: LoopWatch | None = None,
        channels: Mapping[str, Channel] = HERE,
        forwards: ForwardsOf = nowhere,
        earlier: EarlierOf = never,
    ) -> None:
        self.channels = LocalChannels(channels, reactor)
        self._figures = AllFigures(channels, reactor, forwards, earlier)
        self._loop = loop
        self._process = process
        self._reactor = reactor
        self._worker = worker
        self._numbers: Numbers[OpenConnection] = Numbers()

    def status(self) -> Deferred[Status]:
        return self._figures.statuses().addCallback(self._status)

    def _status(self, channels: tuple[ChannelStatus, ...]) -> Status:
        process = self._process
        worker = WorkerStatus(
            index=self._worker,
            pid=os.getpid(),
            started=process.started,
            cpu=processor_time(),
            memory=resident_memory(),
            descriptors=open_descriptors(),
            lag=0.0 if self._loop is None else self._loop.lag,
            stalls=0 if self._loop is None else self._loop.stalls,
        )
        return Status(
            version=__version__,
            pid=os.getpid(),
            started=process.started,
            config=str(Path(process.loaded.origin.file).absolute()),
            workers=(worker,),
            services=tuple(service_statuses(process.loaded, process.units, process.retiring)),
            reloads=process.reloads.status,
            channels=channels,
        )

    def reload(self) -> Deferred[Outcome]:
        return self._process.reload()

    def upgrade(self) -> Deferred[Outcome]:
        return self._process.upgrade()

    def drain(self, service: str) -> Deferred[Outcome]:
        gone = self._process.drain(service)
        return gone.addCallback(lambda _: Outcome(done=True, text=f"{service} is drained"))

    def connections(self, service: str | None = None) -> Deferred[list[ConnectionStatus]]:
        self._check(service)
        return self._listed(service)

    @inlineCallbacks
    def _listed(self, service: str | None) -> Generator[Deferred[Any], Any, list[ConnectionStatus]]:
        found: list[ConnectionStatus] = []
        for name, retiring, connection in self._open(service):
            if len(found) == CONNECTIONS_TOLD:
                break
            found.append(self._told(name, retiring, connection))
            if len(found) % AT_A_TIME == 0:
                yield deferLater(self._reactor, 0)
        return found

    def _told(self, service: str, retiring: bool, connection: OpenConnection) -> ConnectionStatus:
        peer = connection.peer
        return ConnectionStatus(
            id=f"{self._worker}-{self._numbers.of(connection)}",
            service=service,
            worker=self._worker,
            peer=str(peer),
            transport=peer.transport,
            user=peer.user,
            opened=time.time() - connection.age,
            idle=connection.idle,
            retiring=retiring,
        )

    def kill(self, connection: str) -> Deferred[Outcome]:
        for service, _, one in self._open(None):
            if f"{self._worker}-{self._numbers.known(one)}" == connection:
                peer = one.peer
                one.abort()
                log.info("{service}: {peer}: closed, as somebody has asked", service=service, peer=str(peer))
                return succeed(Outcome(done=True, text=f"{peer} of {service} is closed"))
        raise OperationError(
            f"no connection {connection} is open; `polyport connections` lists those there are"
        )

    def tap(self, service: str, heard: Callable[[Frame], None]) -> Callable[[], None]:
        self._check(service)
        units = (*self._process.units.values(), *self._process.retiring)
        # What a reload has replaced may have its journal in common with what is served now.
        taps = {unit.carriers.journal.tap for unit in units if unit.service == service}

        def told(passed: Passed) -> None:
            heard(frame_of(passed, service, self._worker))

        stops = [tap.watch(told) for tap in taps]

        def stop() -> None:
            for each in stops:
                each()

        return stop

    def penalties(self) -> Deferred[list[PenaltyStatus]]:
        now = self._reactor.seconds()
        ahead = time.time() - now
        entries = self._process.reputation.penalties.entries(now)
        return succeed(
            [PenaltyStatus(source=one.source, score=one.score, until=one.until + ahead) for one in entries]
        )

    def forgive(self, source: str) -> Deferred[Outcome]:
        penalties = self._process.reputation.penalties
        if source == "*":
            penalties.forgive_all()
            log.info("everybody who was shut out is forgiven, as somebody has asked")
            return succeed(Outcome(done=True, text="everybody is forgiven"))
        # Somebody may name one address of a network that counts as one.
        known = [penalties.forgive(each) for each in dict.fromkeys((source, source_of(source)))]
        if any(known):
            log.info("{source} is forgiven, as somebody has asked", source=source)
        text = f"{source} is forgiven" if any(known) else f"nothing was held against {source}"
        return succeed(Outcome(done=True, text=text))

    def log_level(self, level: str) -> Deferred[Outcome]:
        try:
            threshold.set(level)
        except ValueError as error:
            raise OperationError(str(error)) from error
        return succeed(Outcome(done=True, text=f"logged from now on: {level} and above"))

    def _check(self, service: str | None) -> None:
        """Raises :class:`OperationError` for a service that there is not."""
        known = dict.fromkeys((*self._process.units, *(unit.service for unit in self._process.retiring)))
        if service is not None and service not in known:
            raise OperationError(f"no service {service} is served; there are: {', '.join(known) or 'none'}")

    def _open(self, service: str | None) -> Iterator[tuple[str, bool, OpenConnection]]:
        """Open connections, with the names of their services, and whether those are retiring; services may
        change, and connections end, while this goes on."""
        served = [(unit, False) for unit in self._process.units.values()]
        for unit, retiring in [*served, *((unit, True) for unit in self._process.retiring)]:
            if service in (None, unit.service) and unit.carriers.stream is not None:
                stream: Any = unit.carriers.stream
                for connection in stream.connections():
                    yield unit.service, retiring, connection
