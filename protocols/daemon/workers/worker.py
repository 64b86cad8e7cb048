"""A process that serves: what it runs, and what the first one may ask of it over their link.

It imports nothing of the user's before it is told what to serve: one that is ready can take any place.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from protocols.daemon.assembly import Setting, discard
from protocols.daemon.channels.registry import ChannelRegistry
from protocols.daemon.control.forward_status import forwards_of
from protocols.daemon.control.link import Link, linked
from protocols.daemon.control.local import LocalOperations
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.over_link import RemoteOperations, served
from protocols.daemon.control.serving import Descriptors, Method
from protocols.daemon.daemon import Daemon
from protocols.daemon.fairness import Reputation
from protocols.daemon.loop_watch import LoopWatch
from protocols.daemon.problems import ConfigError
from protocols.daemon.reload.reader import Novelty, Reader
from protocols.daemon.reload.reloads import problems_of
from protocols.daemon.workers.handed_sockets import Listed, Received
from protocols.daemon.workers.process import LINK
from protocols.daemon.workers.served import Served
from protocols.daemon.workers.worker_log import WorkerLog
from protocols.guard.limits.shared_memory import SharedMemory
from protocols.guard.limits.shared_tally import SharedTallies

log = Logger(namespace="polyport")

IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that a terminal, or an operator, sends to all processes: the first one says what follows."""

DEFERENCE = 1.0
"""Seconds after a SIGTERM in which the first process may say that it is all of them that are to end: who ends
all processes of a group does not ask which is which."""


class Worker:
    """Serves what it is told to.

    .. attribute:: link

       To the first process.

    .. attribute:: methods

       What that one may ask; also how all is, as soon as something is served.
    """

    def __init__(self, reactor: Any) -> None:
        self.link: Link
        self._reactor = reactor
        self._log = WorkerLog()
        self._loop_watch = LoopWatch(reactor)
        self._received = Received()
        self._listed: Listed = {}
        self._reader: Reader
        self._daemon: Daemon | None = None
        self._novelty: Novelty | None = None
        self._ending: Literal["stopping", "retiring"] | None = None
        self._has_ended = False
        self._signalled = False
        self.methods: dict[str, Method] = {
            "ping": lambda: None,
            "take": self.take,
            "serve": self.serve,
            "prepare": self.prepare,
            "commit": self.commit,
            "cancel": self.cancel,
            "rotate": self.rotate,
            "stop": self.stop,
            "retire": self.retire,
            "abort": self.abort,
        }

    # -- what is served ------------------------------------------------------------------------------

    def take(self, numbers: list[int], descriptors: Descriptors) -> None:
        """Sockets to serve on later."""
        self._received.take(numbers, descriptors.take())

    def serve(
        self,
        index: int,
        count: int,
        config: str,
        texts: Mapping[str, str],
        sockets: Listed,
        log: Mapping[str, str],
        descriptors: Descriptors,
    ) -> Deferred[None]:
        """Begin to serve, as number `index` of `count`.

        :param texts: of the file `config`, and of those that it includes.
        :param descriptors: the memory in which all count.
        """
        self._log.begin(log, self._reactor)
        tallies = SharedTallies(_mapped(descriptors, count), index)
        setting = Setting(
            self._reactor,
            lambda: RemoteOperations(self.link),
            Reputation(tallies),
            channels=ChannelRegistry(forwards=index == 0),
        )
        self._reader = Reader(Path(config), setting)
        self._reader.texts = texts
        try:
            novelty = self._reader.first()
        except ConfigError as error:
            raise OperationError(str(error)) from error
        self._log.took(novelty.loaded)
        _leave_out(novelty, sockets)
        if index:
            novelty.loaded = replace(novelty.loaded, warnings=())  # that of one process does
        self._daemon = daemon = Daemon(self._reader, novelty, self._reactor)
        self._listed = sockets
        daemon.take(novelty, self._received.bound(sockets))
        here = Served(daemon, self.link, self._left)
        forwards, earlier = forwards_of(setting.channels), setting.channels.earlier
        self.methods.update(
            served(
                LocalOperations(
                    here, self._reactor, index, self._loop_watch, forwards=forwards, earlier=earlier
                )
            )
        )
        serves: Deferred[None] = Deferred()
        daemon.when_running = lambda: self._is_running(serves)
        daemon.when_failed = lambda: serves.errback(OperationError("a service could not start"))
        daemon.startService()
        return serves

    def _is_running(self, serves: Deferred[None]) -> None:
        self._loop_watch.start()
        serves.callback(None)

    def _left(self, name: str) -> None:
        """The service `name` has been drained."""
        self._listed = {other: listed for other, listed in self._listed.items() if other != name}
        self._received.keep(self._listed)

    def prepare(self, texts: Mapping[str, str]) -> Deferred[list[str]]:
        """Have everything ready to serve what `texts` say.

        :returns: what is wrong with them; nothing: :meth:`commit` or :meth:`cancel` follows.
        """
        daemon = self._serving()
        self.cancel()  # what was prepared before, if nobody has said what is to become of it
        self._reader.texts = texts
        prepared: Deferred[Any] = self._reader.again(daemon.shapes)
        prepared.addCallback(self._ready)
        return prepared.addErrback(problems_of)

    def _ready(self, novelty: Novelty) -> Deferred[Any]:
        def failed(failure: Any) -> Any:
            novelty.discard()
            return failure

        def ready(_: object) -> list[str]:
            self._novelty = novelty
            return []

        return self._serving().prepare(novelty).addCallbacks(ready, failed)

    def commit(self, sockets: Listed) -> None:
        """Serve what was prepared, on `sockets`."""
        novelty, self._novelty = self._novelty, None
        if novelty is None:
            raise OperationError("nothing was prepared")
        self._log.took(novelty.loaded)
        self._listed = sockets
        self._serving().serve(novelty, self._received.bound(sockets))
        self._received.keep(sockets)

    def cancel(self) -> None:
        """What was prepared is not served."""
        novelty, self._novelty = self._novelty, None
        if novelty is not None:
            novelty.discard()

    # -- the end -------------------------------------------------------------------------------------

    def rotate(self) -> None:
        """Begin the logs of services anew."""
        if self._daemon is not None:
            self._daemon.rotate()

    def stop(self) -> None:
        """Let connections finish, then end; also if it has begun to retire."""
        if self._ending != "stopping":
            self._ending = "stopping"
            stopped = succeed(None) if self._daemon is None else self._daemon.stopService()
            stopped.addBoth(self._end)

    def retire(self) -> None:
        """Leave the sockets to another process, let connections finish, then end."""
        if self._ending is None:
            self._ending = "retiring"
            retired: Deferred[Any] = succeed(None) if self._daemon is None else self._daemon.retire_all()
            retired.addBoth(self._end)

    def _end(self, result: object) -> None:
        self._loop_watch.stop()
        # It comes here twice if it was to stop while it retired.
        if self._reactor.running and not self._has_ended:
            self._has_ended = True
            self._reactor.stop()

    def abort(self) -> None:
        """Close every connection now."""
        if self._daemon is not None:
            self._daemon.abort()

    def orphaned(self) -> None:
        """The first process is no more, and somebody else may want the addresses; or still serve there, if it
        was about to take over from that."""
        if self._ending is None:
            log.critical("the first process has gone: this one stops")
            if self._daemon is not None:
                self._daemon.retire_all()  # which leaves the sockets as they are
            self.stop()

    def signalled(self) -> None:
        """Somebody wants this process to end, or all of them."""
        if self._signalled and self._ending is not None:
            self.abort()
        elif not self._signalled:
            self._signalled = True
            self._reactor.callLater(DEFERENCE, self._ends_alone)

    def _ends_alone(self) -> None:
        if self._ending is None:
            log.info("SIGTERM: process {pid} stops, and will have a successor", pid=os.getpid())
            self.retire()

    def _serving(self) -> Daemon:
        if self._daemon is None:
            raise OperationError("nothing is served yet")
        return self._daemon


def _leave_out(novelty: Novelty, sockets: Listed) -> None:
    """What is to be served nowhere has been drained since it was read."""
    drained = [name for name in novelty.shapes if name not in sockets]
    discard({name: novelty.carriers[name] for name in drained})
    novelty.carriers = {name: made for name, made in novelty.carriers.items() if name in sockets}
    novelty.shapes = {name: shape for name, shape in novelty.shapes.items() if name in sockets}


def _mapped(descriptors: Descriptors, count: int) -> SharedMemory:
    (descriptor,) = descriptors.take()
    try:
        return SharedMemory(descriptor, count)
    finally:
        os.close(descriptor)


def main(reactor_module: str) -> None:
    """Run with the reactor that `reactor_module` installs, until there is nothing more to do."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    # A process that hangs is ended so that it says where.
    faulthandler.enable()
    importlib.import_module(reactor_module).install()
    from twisted.internet import reactor as installed

    reactor: Any = installed
    worker = Worker(reactor)

    def begin() -> None:
        # The reactor has installed its own handlers.
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, frame: reactor.callFromThread(worker.signalled))
        worker.link = linked(socket.socket(fileno=LINK), worker.methods, reactor)
        worker.link.when_closed().addCallback(lambda _: worker.orphaned())
        worker.link.call("ready").addErrback(lambda _: None)  # the link's end is told apart

    reactor.callWhenRunning(begin)
    reactor.run()
