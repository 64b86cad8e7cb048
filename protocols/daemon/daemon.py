"""The daemon: every service of one YAML file, started together, reloaded one by one, stopped together."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, DeferredList, FirstError, gatherResults, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.daemon.carriers import Carriers
from protocols.daemon.channels.kept import OpenError
from protocols.daemon.channels.registry import ChannelRegistry, Proposal
from protocols.daemon.fairness import Reputation
from protocols.daemon.loader import Loaded
from protocols.daemon.port_service import PortService
from protocols.daemon.reload.comparison import Shape
from protocols.daemon.reload.reader import Novelty, Reader
from protocols.daemon.socket_table import Binding, Place, PlaceError
from protocols.daemon.sockets import BindError, BoundSocket
from protocols.reactor.adoption import cannot_adopt

log = Logger(namespace="polyport")

Sockets = Mapping[str, Sequence[BoundSocket]]
"""The sockets of each service."""


class StartError(Exception):
    """The daemon cannot start, or reload; each argument is a sentence that says which service and why."""


class Daemon(MultiService):
    """What one process serves.

    Its sockets are whoever's who has bound them; that one also decides when to reload.

    .. attribute:: units

       The services that are served, by name, in the order of the YAML.

    .. attribute:: retiring

       What a reload has replaced or removed, and still has connections.
    """

    def __init__(self, reader: Reader, novelty: Novelty, reactor: Any) -> None:
        super().__init__()
        self.reader = reader
        self.loaded: Loaded = novelty.loaded
        self.shapes: Mapping[str, Shape] = novelty.shapes
        self.units: dict[str, PortService] = {}
        self.retiring: list[PortService] = []
        self.when_running: Callable[[], None] = lambda: None
        """Called once every service is served."""
        self.when_failed: Callable[[], None] = lambda: None
        """Called if they cannot be."""
        self._reactor = reactor
        self._stopping = False
        self._channels: Proposal | None = None
        for warning in novelty.loaded.warnings:
            log.warn("{warning}", warning=str(warning))

    @property
    def reputation(self) -> Reputation:
        """What is known of those who come."""
        return self.reader.setting.reputation

    @property
    def channels(self) -> ChannelRegistry:
        """The channels that are open here."""
        return self.reader.setting.channels

    def take(self, novelty: Novelty, sockets: Sockets) -> None:
        """Serve `novelty`, the first configuration, on `sockets`, once started."""
        self._channels = novelty.channels
        for name, carriers in novelty.carriers.items():
            self._add(name, carriers, sockets[name])
        novelty.take()

    def begin(self, novelty: Novelty, binding: Binding) -> None:
        """The same, on what was bound for one process (Serving)."""
        self.take(novelty, binding.sockets())

    def startService(self) -> None:
        waits = any(unit.carriers.starts for unit in self.units.values())
        if waits or (self._channels is not None and self._channels.kept):
            Service.startService(self)
            self._reactor.callWhenRunning(self._prepare)
        else:
            super().startService()
            self._reactor.callWhenRunning(self._is_running)

    def stopService(self) -> Deferred[Any]:
        self._stopping = True
        stopped: Deferred[Any] = super().stopService()
        # Who is still connected may publish to the last, and be told that it is durable.
        return stopped.addCallback(lambda _: self.channels.stop())

    def abort(self) -> None:
        """Close every connection now."""
        for unit in (*self.units.values(), *self.retiring):
            unit.abort()

    def rotate(self) -> None:
        """Begin every log of every service anew."""
        for unit in (*self.units.values(), *self.retiring):
            for rotate in unit.carriers.rotates:
                rotate()

    # -- the start -----------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Serve once everything is ready that has to be; or nothing."""
        opening = succeed(None) if self._channels is None else self._channels.open()
        opening.addErrback(self._not_opened)
        opening.addCallback(lambda _: self._all_prepared())
        opening.addCallbacks(self._serve, self._cannot_start)

    def _not_opened(self, failure: Failure) -> Failure:
        if not self._stopping:
            log.critical("cannot start: {reason}", reason=failure.value)
        return failure

    def _all_prepared(self) -> Deferred[Any]:
        return gatherResults([self._prepared(u) for u in self.units.values()], consumeErrors=True)

    def _prepared(self, unit: PortService) -> Deferred[Any]:
        def note(failure: Failure) -> Failure:
            if not self._stopping:
                reason = reason_of(failure)
                log.critical("cannot start: {service}: {reason}", service=unit.service, reason=reason)
            return failure

        return unit.prepare().addErrback(note)

    def _serve(self, results: object) -> None:
        if not self._stopping:
            super().startService()
            self._is_running()

    def _cannot_start(self, failure: Failure) -> None:
        if not self._stopping:
            self._stopping = True
            self.when_failed()

    def _is_running(self) -> None:
        # What is here now stays: it need not be gone through each time garbage is collected.  Of what a
        # reload replaces, this first version is never collected: once, however often there is a reload.
        gc.collect()
        gc.freeze()
        self.channels.run()
        self.when_running()

    # -- a reload ------------------------------------------------------------------------------------

    def prepare(self, novelty: Novelty) -> Deferred[Any]:
        """Have everything ready that `novelty` needs; fails with :class:`StartError`, and then nothing of it
        is kept."""

        def prepare(_: object) -> Deferred[Any]:
            starting = [
                self._unit(name, carriers, ()).prepare().addErrback(_in_words, name)
                for name, carriers in novelty.carriers.items()
            ]
            return gatherResults(starting, consumeErrors=True).addErrback(_first)

        return novelty.channels.open().addCallbacks(prepare, _not_opened)

    def serve(self, novelty: Novelty, sockets: Sockets) -> None:
        """Serve what `novelty` says, on `sockets`, from now on.

        Those that are not among them any more are the caller's to close.
        """
        novelty.take()
        self.loaded = novelty.loaded
        shapes: dict[str, Shape] = {}
        former, self.units = self.units, {}
        kept = {bound.socket for some in sockets.values() for bound in some}
        for name, shape in novelty.shapes.items():
            try:
                self._change(name, novelty.carriers.get(name), sockets[name], former, kept)
                shapes[name] = shape
            except Exception:  # noqa: BLE001 - such as that there are no descriptors left; the others are served
                log.failure("{service}: this cannot be served as it should; reload again", service=name)
        self.shapes = shapes
        for name, unit in former.items():
            # After what takes its place, so that there is no moment at which nobody accepts.
            self._retire(unit, kept, ends=name not in self.units)

    def _change(
        self,
        name: str,
        carriers: Carriers | None,
        sockets: Sequence[BoundSocket],
        former: dict[str, PortService],
        kept: Container[socket.socket],
    ) -> None:
        """Serve `name` by `carriers`, or as before; if that fails, by what did so in any case, and the next
        reload will try again."""
        if carriers is None:
            self.units[name] = unit = former.pop(name)
            unit.drain = self.loaded.config.server.drain
            unit.listen(sockets, kept)
        else:
            try:
                self._add(name, carriers, sockets)
            except Exception:
                self._retire(self.units.pop(name), kept)
                if name in former:
                    self.units[name] = former.pop(name)
                raise

    def change(self, novelty: Novelty, binding: Binding) -> Deferred[Any]:
        """The same, on what was bound for one process (Serving)."""
        self.serve(novelty, binding.sockets())
        return succeed(None)

    def drain(self, name: str) -> Deferred[None]:
        """Serve `name` no more, until it is reloaded; fires when its last connection is gone."""
        unit = self.units.pop(name)
        log.info("{service}: draining, as somebody has asked", service=name)
        self.shapes = {other: shape for other, shape in self.shapes.items() if other != name}
        return self._retire(unit, ends=True)

    def retire_all(self) -> Deferred[Any]:
        """Leave the sockets to another process; fires when the last connection is gone."""
        units, self.units = self.units, {}
        kept = {bound.socket for unit in units.values() for bound in unit.bound}
        leaving = [unit.when_ended() for unit in self.retiring]
        # The other process passes on messages by now.
        stopped = self.channels.stop_forwards()
        gone = DeferredList([*leaving, *(self._retire(unit, kept) for unit in units.values()), stopped])
        return gone.addCallback(lambda _: self.channels.stop())

    def _add(self, name: str, carriers: Carriers, sockets: Sequence[BoundSocket]) -> None:
        self.units[name] = unit = self._unit(name, carriers, sockets)
        unit.setServiceParent(self)

    def _unit(self, name: str, carriers: Carriers, sockets: Sequence[BoundSocket]) -> PortService:
        return PortService(name, carriers, sockets, self._reactor, self.loaded.config.server.drain)

    def _retire(
        self, unit: PortService, kept: Container[socket.socket] = (), *, ends: bool = False
    ) -> Deferred[None]:
        """
        :param ends: nothing takes the place of the service.
        """

        def gone(_: None) -> None:
            if ends:
                summary = unit.carriers.journal.summary()
                log.info("{service}: stopped ({summary})", service=unit.service, summary=summary)
            self.retiring.remove(unit)
            if unit.parent is not None:
                unit.disownServiceParent()

        self.retiring.append(unit)
        return unit.retire(kept).addCallback(gone)


def check_sockets(
    carriers: Mapping[str, Carriers], places: Sequence[tuple[Place, Sequence[BoundSocket]]]
) -> None:
    """A socket may be of a kind that its service, or the reactor, cannot serve: raises
    :class:`PlaceError`."""
    for place, bound in places:
        made = carriers.get(place.service)
        if made is not None and made.waiting is not None:
            continue  # the program knows what to do with it
        why = next((text for one in bound for text in [cannot_adopt(one.socket)] if text), None)
        if made is not None and made.datagram is None and not all(one.is_stream for one in bound):
            why = "the socket is one for datagrams, and this service needs streams"
        if made is not None and made.stream is None and any(one.is_stream for one in bound):
            why = "the socket is one for streams, and this service needs datagrams"
        if why is not None:
            raise PlaceError(place, BindError(why))


def cannot_listen(error: PlaceError, loaded: Loaded) -> StartError:
    """`error`, in words for the operator."""
    place = error.place
    text = f"cannot listen: services.{place.service}.listen[{place.index}]: {place.address}: {error}"
    return StartError(loaded.origin.redact(text))


def reason_of(failure: Failure) -> BaseException | None:
    """What has failed, of several things that were tried at once."""
    error = failure.value
    return error.subFailure.value if isinstance(error, FirstError) else error


def _in_words(failure: Failure, name: str) -> None:
    raise StartError(f"cannot start: {name}: {reason_of(failure)}")


def _not_opened(failure: Failure) -> None:
    failure.trap(OpenError)
    raise StartError(f"cannot start: {failure.value}")


def _first(failure: Failure) -> None:
    reason = reason_of(failure)
    assert reason is not None
    raise reason
