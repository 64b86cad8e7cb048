"""The Unix socket by which ``polyport status`` and the like reach a daemon."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from protocols import __version__
from protocols.daemon.control.link import Link
from protocols.daemon.control.operations import Ask, OperationError
from protocols.daemon.control.over_link import served
from protocols.daemon.control.place import ROOT, places
from protocols.daemon.control.serving import Methods
from protocols.daemon.kept_sockets import KeptSockets
from protocols.daemon.sockets import BindError, BoundSocket, bind
from protocols.daemon.spec.address import Address
from protocols.peer_address import stream_peer
from protocols.reactor.adoption import adopt_stream
from protocols.roster import Roster

log = Logger(namespace="polyport")

MODE: Final = 0o600
"""Who may connect: the daemon's user, and root."""

LINKS: Final = 64
"""Connections at a time: more operators than anybody has, each with a live view."""

CLOSING: Final = 1.0
"""Seconds that those who ask get to read their last answer once the daemon stops."""


def bind_control(
    config: Path,
    chosen: Address | Literal["auto", "off"],
    environment: Mapping[str, str] | None = None,
    kept: KeptSockets | None = None,
) -> BoundSocket | None:
    """The socket of the daemon for the file `config`, bound and listening; ``None``: there is none.

    :param chosen: ``server.control``.
    :param environment: where the directories for ``auto`` are named, ``os.environ`` unless given.
    :param kept: what a process before this one has bound.

    Raises :class:`BindError` if that names a path, and nothing can listen there.
    """
    if isinstance(chosen, Address):
        return _bind(chosen, kept)
    if chosen == "off":
        return None
    environment = os.environ if environment is None else environment
    place = next(places(config, environment, os.geteuid()), None)
    if place is None:
        log.info("no control socket: neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR names a directory for it")
        return None
    try:
        return _bind(Address("unix", path=str(place)), kept)
    except BindError as error:
        log.warn(
            "no control socket: {place}: {error}; `polyport status` and the like will not reach this daemon",
            place=str(place),
            error=error,
        )
        return None


def _bind(address: Address, kept: KeptSockets | None) -> BoundSocket:
    (bound,) = bind(address, {}, MODE, kept=kept)
    return bound


class ControlSocket:
    """Answers on `bound`, from :meth:`start` until :meth:`stop`.

    :param config: the YAML file, which those who ask are told: they may have found another daemon's socket.
    :param ask: who answers.
    """

    def __init__(self, bound: BoundSocket, config: Path, ask: Ask, reactor: Any) -> None:
        self.bound = bound
        self._config = str(config.absolute())
        self._ask = ask
        self._reactor = reactor
        self._port: Any = None
        self._links: Roster[Link] = Roster()

    def start(self) -> None:
        """Listen, on a reactor that runs."""
        self._port = adopt_stream(self.bound.socket, _Links(self), self._reactor)
        log.info("control socket: {address}", address=str(self.bound.address))

    def leave_paths(self) -> None:
        """Somebody else has the socket, too."""
        self.bound = self.bound.lent()

    def stop(self) -> Deferred[Any]:
        """Listen no more, and remove the path; fires when the last connection is closed."""
        stopping: list[Deferred[Any]] = []
        if self._port is not None:
            stopping.append(maybeDeferred(self._port.stopListening))
        self.bound.close()
        stopping.append(self._links.emptied())
        for link in self._links:
            link.close()
        stopped: Deferred[Any] = DeferredList(stopping, consumeErrors=True)
        stopped.addTimeout(CLOSING, self._reactor, lambda result, seconds: self._abort())
        return stopped

    def _abort(self) -> None:
        for link in self._links:
            link.abort()

    def link(self) -> Link | None:
        """For one connection; ``None``: it is closed at once."""
        if len(self._links) >= LINKS:
            log.warn("control socket: {count} connections are open, one more is refused", count=LINKS)
            return None
        try:
            methods: Methods = {"hello": self._hello, **served(self._ask())}
        except OperationError:
            return None
        link = _OwnersLink(methods)
        self._links.add(link)
        link.when_closed().addCallback(lambda _: self._links.remove(link))
        return link

    def _hello(self) -> dict[str, object]:
        return {"version": __version__, "pid": os.getpid(), "config": self._config}


class _Links(Factory):
    noisy = False

    def __init__(self, control: ControlSocket) -> None:
        self._control = control

    def buildProtocol(self, addr: IAddress | None) -> Link | None:
        return self._control.link()


class _OwnersLink(Link):
    """For the daemon's user and root: the mode of a path can be changed, and an abstract name has none."""

    def connectionMade(self) -> None:
        credentials = stream_peer(self.transport).credentials
        if credentials is not None and credentials.uid in (ROOT, os.geteuid()):
            super().connectionMade()
        else:
            whose = "nobody known" if credentials is None else f"user {credentials.uid}"
            log.warn("control socket: {whose} may not ask", whose=whose)
            self.transport.abortConnection()
