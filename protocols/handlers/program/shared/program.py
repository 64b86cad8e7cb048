"""A program whose process, or few processes, serve all clients."""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from protocols.handlers.program.invocation import Invocation
from protocols.handlers.program.process import CLOSE_WAIT
from protocols.handlers.program.runner import Runner
from protocols.handlers.program.shared.actions import Wire
from protocols.handlers.program.shared.client import Client
from protocols.handlers.program.shared.instance import Instance
from protocols.handlers.program.shared.session import SharedSession
from protocols.session import Connection

REFUSALS_EVERY: Final = 60.0
"""Seconds between two lines of the log about messages that what carries a client cannot carry."""

log = Logger(namespace="polyport")


class SharedProgram:
    """Serves all clients with `processes` long-lived processes, which have them among them.

    :param runner: has room for as many processes.
    :param wire: how they hear of their clients.
    :param keeps: whether clients of a process that has ended are opened anew to the next, or closed.
    :param idle: seconds without clients after which a process is ended, to be started by the next; 0: never.
    :param patience: seconds that a client waits while no process runs.
    :param close_wait: seconds that a process has to end once its input is closed.
    :param watches_silence: whether a client that neither says nor hears anything may be closed for it.
    """

    def __init__(
        self,
        invocation: Invocation,
        runner: Runner,
        wire: Wire,
        *,
        processes: int = 1,
        keeps: bool = False,
        idle: float = 0.0,
        patience: float = 10.0,
        close_wait: float = CLOSE_WAIT,
        watches_silence: bool = False,
    ) -> None:
        self.invocation = invocation
        self.runner = runner
        self.wire = wire
        self.keeps = keeps
        self.idle = idle
        self.patience = patience
        self.close_wait = close_wait
        self.watches_silence = watches_silence
        label = invocation.label
        names = [label] if processes == 1 else [f"{label} {number + 1}" for number in range(processes)]
        self.instances = [Instance(self, name) for name in names]
        self.unsent = 0
        """Messages that what carries a client could not carry."""
        self._refused_at = -REFUSALS_EVERY

    def open(self, connection: Connection) -> SharedSession:
        return SharedSession(self, connection)

    def place(self) -> Instance:
        """That for the next client: where there are fewest, of those that have not just failed."""
        instances = self.instances
        if len(instances) == 1:
            return instances[0]
        return min(instances, key=lambda instance: (instance.troubled, instance.population))

    def refused(self, client: Client, error: ValueError) -> None:
        """What the program sent to `client` cannot be carried: that is left out."""
        self.unsent += 1
        now = self.runner.reactor.seconds()
        if now - self._refused_at >= REFUSALS_EVERY:
            self._refused_at = now
            log.error(
                "{service}: {program}: what it sent to {peer} is left out: {error} ({count} so far)",
                service=self.runner.service,
                program=self.invocation.label,
                peer=client.peer,
                error=error,
                count=self.unsent,
            )

    def begin(self) -> Deferred[None]:
        """Start the processes; fires when they run, fails with :class:`OSError` or :class:`ValueError`."""
        begun = gatherResults([instance.begin() for instance in self.instances], consumeErrors=True)
        return begun.addCallbacks(lambda _: None, lambda failure: failure.value.subFailure)

    def stop(self) -> Deferred[None]:
        """End them; fires when they have ended, or nobody waits for it any more."""
        over = gatherResults([instance.stop() for instance in self.instances], consumeErrors=True)
        wait = self.close_wait
        if not over.called:
            over.addTimeout(wait, self.runner.reactor, lambda outcome, seconds: None)
        return over.addCallback(lambda _: self.runner.stop())
