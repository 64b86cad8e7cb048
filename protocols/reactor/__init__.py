"""A reactor for any Twisted program, about as fast as uvloop, in which asyncio's libraries run too."""

from __future__ import annotations

import asyncio

from twisted.logger import Logger

from protocols.reactor.obstacle import obstacle

__all__ = ["install"]

log = Logger(namespace="polyport")


def install() -> None:
    """Make a :class:`~protocols.reactor.reactor.Reactor` the reactor of this process.

    Where it cannot run, Twisted's asyncio reactor is installed, and the log says why: without epoll, and
    with a Twisted whose inside has changed.

    Raises :class:`~twisted.internet.error.ReactorAlreadyInstalledError` if there is a reactor.
    """
    why = obstacle()
    if why is None:
        from protocols.reactor import reactor

        reactor.install()
    else:
        from twisted.internet import asyncioreactor

        log.warn("Twisted's asyncio reactor is used, which is slower: {why}", why=why)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        asyncioreactor.install(loop)
