"""All the processes that serve: started, reloaded and stopped together, each replaced by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from protocols.daemon.control.over_link import RemoteOperations
from protocols.daemon.control.serving import Methods
from protocols.daemon.workers.process import WorkerProcess
from protocols.daemon.workers.recruits import Recruits
from protocols.daemon.workers.slot import UNHEARD, Crew, Orders, Slot
from protocols.guard.limits.shared_memory import SharedMemory

log = Logger(namespace="polyport")

GRACE: Final = 10.0
"""Seconds that processes get beyond ``server.drain`` to come to their end; then they are killed."""

AT_ONCE: Final = 3.0
"""Seconds that they get once everything is to end now."""


class Fleet:
    """`count` processes.

    :param spawn: starts one.
    :param methods: what each may ask of us.

    .. attribute:: orders

       What is served; set before :meth:`start`.
    """

    orders: Orders

    def __init__(
        self,
        count: int,
        spawn: Callable[[Methods], WorkerProcess],
        methods: Callable[[], Methods],
        reactor: Any,
    ) -> None:
        self.count = count
        self._reactor = reactor
        self._descriptor = SharedMemory.create(count)
        self._memory = SharedMemory(self._descriptor, count)
        self._recruits = Recruits(spawn, methods, reactor)
        crew = Crew(
            hire=self._recruits.hire,
            orders=lambda: self.orders,
            reactor=reactor,
            count=count,
            memory=self._descriptor,
            clear=self._memory.clear,
        )
        self.slots = [Slot(index, crew) for index in range(count)]
        self._last: list[IDelayedCall] = []

    # -- the start and the end -----------------------------------------------------------------------

    def start(self) -> Deferred[None]:
        """Start all of them: fires when all serve, and fails with :class:`OSError` or what says why one does
        not."""
        started: Deferred[None] = Deferred()

        def serves() -> None:
            if not started.called and all(slot.state == "serving" for slot in self.slots):
                started.callback(None)
                self._recruits.keep_one()

        def failed(reason: str) -> None:
            if not started.called:
                started.errback(FleetError(reason))

        for slot in self.slots:
            slot.on_serving = serves
            slot.on_failure = failed
            slot.start()
        return started

    def stop(self, drain: float) -> Deferred[Any]:
        """Let all of them finish, for `drain` seconds and a little; fires when all have ended."""
        ending = [slot.stop() for slot in self.slots]
        ended: Deferred[Any] = DeferredList([*ending, self._recruits.stop()], consumeErrors=True)
        self._kill_in(drain + GRACE)
        return ended.addBoth(self._close)

    def abort(self) -> None:
        """They close every connection, and end."""
        for slot in self.slots:
            slot.abort()
        self._kill_in(AT_ONCE)

    def rotate(self) -> None:
        """Their services begin their logs anew: one process after the other, since they have files in
        common."""
        self._rotate_each()

    @inlineCallbacks
    def _rotate_each(self) -> Generator[Deferred[Any], Any, None]:
        for slot in self.slots:
            if slot.state == "serving" and slot.process is not None:
                try:
                    yield slot.process.link.call("rotate")
                except UNHEARD as error:
                    log.warn("worker {index}: no new logs: {error}", index=slot.index, error=error)

    def _kill_in(self, seconds: float) -> None:
        for slot in self.slots:
            self._last.append(self._reactor.callLater(seconds, slot.kill))

    def _close(self, result: object) -> None:
        for call in self._last:
            if call.active():
                call.cancel()
        os.close(self._descriptor)

    # -- what they are asked -------------------------------------------------------------------------

    def serving(self) -> list[tuple[Slot, RemoteOperations]]:
        """Those that serve, each with whom to ask."""
        return [
            (slot, RemoteOperations(slot.process.link))
            for slot in self.slots
            if slot.state == "serving" and slot.process is not None
        ]

    # -- a reload ------------------------------------------------------------------------------------

    @inlineCallbacks
    def prepare(self, texts: Mapping[str, str]) -> Generator[Deferred[Any], Any, list[str]]:
        """Have all of them ready to serve what `texts` say.

        :returns: what is wrong with them, each once; then :meth:`cancel` has to follow.  One that ends
            meanwhile has a successor that serves what is served by then.
        """
        asked = [
            slot.process.link.call("prepare", texts=dict(texts))
            for slot in self.slots
            if slot.state == "serving" and slot.process is not None
        ]
        answers = yield DeferredList(asked, consumeErrors=True)
        problems: dict[str, None] = {}
        for done, answer in answers:
            if done:
                problems.update(dict.fromkeys(answer))
            elif answer.check(ConnectionError) is None:
                problems[str(answer.value)] = None
        return list(problems)

    def cancel(self) -> None:
        """They go on with what they serve."""
        for slot in self.slots:
            if slot.process is not None:
                slot.process.link.call("cancel").addErrback(lambda failure: None)

    def commit(self, orders: Orders) -> Deferred[Any]:
        """They serve `orders`, which they have prepared; fires when all do.

        One that has not is replaced.
        """
        self.orders = orders
        serving = [slot for slot in self.slots if slot.state == "serving"]
        return DeferredList([slot.commit(orders) for slot in serving], consumeErrors=True)


class FleetError(Exception):
    """A process could not begin to serve; the text says why."""
