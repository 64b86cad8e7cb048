"""A few processes that answer one message after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from protocols.framing import Framing, FramingError
from protocols.handlers.deadline import CallTimeoutError
from protocols.handlers.program.doubling import Doubling
from protocols.handlers.program.invocation import Invocation
from protocols.handlers.program.message.handler import UnfitMessageError
from protocols.handlers.program.message.once import DEADLINE
from protocols.handlers.program.process import Process
from protocols.handlers.program.runner import CrowdedError, Runner
from protocols.session import ForeseenError, Peer

FIRST_PAUSE: Final = 0.1
"""Seconds after which a process is started in place of one that has ended by itself without an answer."""

LONGEST_PAUSE: Final = 30.0
"""Seconds at most, as the pause doubles with each that does so."""

log = Logger(namespace="polyport")


class Pool:
    """Has no more than `size` processes answer messages, each one at a time, and each with one reply.

    They are started as they are needed, and kept.  A message at which one ends, or that takes too long, has
    no answer: it is never put to another, for nobody knows what was done about it.  One that ends, or writes
    something, while nobody asks it is replaced: what it wrote would be taken for the reply to somebody else.

    :param stdio: how messages and replies are marked on standard input and output; an empty reply is none.
    :param recycle: messages after which a process is replaced; 0 for never.
    :param idle: seconds without work after which one is ended; 0 for never.
    :param queue: messages that may wait for a process.
    """

    def __init__(
        self,
        invocation: Invocation,
        runner: Runner,
        stdio: Framing,
        *,
        size: int,
        recycle: int = 0,
        idle: float = 0.0,
        deadline: float = DEADLINE,
        queue: int,
        patience: float,
    ) -> None:
        self.invocation = invocation
        self.runner = runner
        self.stdio = stdio
        self.recycle = recycle
        self.idle = idle
        self.deadline = deadline
        self._size = size
        self._queue = queue
        self._patience = patience
        self._free: list[Worker] = []
        self._count = 0
        self._waiting: deque[Deferred[Worker | None]] = deque()
        self._pauses = Doubling(FIRST_PAUSE, LONGEST_PAUSE)
        self._not_before = 0.0

    async def answer(
        self, message: bytes, peer: Peer, local: tuple[str, int], send: Callable[[bytes], None]
    ) -> None:
        """See :class:`~protocols.handlers.program.message.handler.Answers`."""
        try:
            encoded = self.stdio.encode(message)
        except ValueError as error:
            raise UnfitMessageError(str(error)) from error
        worker = await self._worker()
        try:
            reply = await worker.ask(encoded)
        finally:
            self._done(worker)
        if reply:
            send(reply)

    async def _worker(self) -> Worker:
        while self._free:
            worker = self._free.pop().taken()
            if not worker.is_over:
                return worker
            worker.end()  # its children keep its output open
        if self._count >= self._size:
            if len(self._waiting) >= self._queue:
                raise CrowdedError
            turn: Deferred[Worker | None] = Deferred(self._waiting.remove)
            self._waiting.append(turn)
            turn.addTimeout(self._patience, self.runner.reactor, _crowded)
            found = await turn
            if found is not None:
                return found.taken()
        self._count += 1
        try:
            await self._rest()
            await self.runner.turn()
            process = await self.runner.start(self.invocation.alone(), self.invocation.label)
        except BaseException:
            self._left()
            raise
        return Worker(self, process)

    async def _rest(self) -> None:
        """Wait until one may be started."""
        seconds = self._not_before - self.runner.reactor.seconds()
        if seconds > 0:
            pause: Deferred[None] = Deferred(lambda _: timer.cancel())
            timer = self.runner.reactor.callLater(seconds, pause.callback, None)
            await pause

    def _done(self, worker: Worker) -> None:
        if worker.is_faulty:
            self.fault()
        elif not worker.is_over:
            self._pauses.reset()
        if worker.is_over or (self.recycle and worker.answered >= self.recycle) or not worker.is_silent():
            worker.end()
        elif self._waiting:
            self._waiting.popleft().callback(worker)
        else:
            self._free.append(worker)
            worker.rest()

    def withdraw(self, worker: Worker) -> None:
        """It gets no more messages."""
        if worker in self._free:
            self._free.remove(worker)

    def fault(self) -> None:
        """One did what it should not: the next is started after a pause."""
        self._not_before = self.runner.reactor.seconds() + self._pauses.next()

    def gone(self, worker: Worker) -> None:
        """Its process has ended; another takes its place if somebody waits."""
        self.withdraw(worker)
        self._left()

    def _left(self) -> None:
        self._count -= 1
        if self._waiting:
            self._waiting.popleft().callback(None)


class Worker:
    """One process of `pool`.

    .. attribute:: answered

       Messages that it has answered.

    .. attribute:: is_faulty

       Whether it has not answered, though somebody waited for it.
    """

    def __init__(self, pool: Pool, process: Process) -> None:
        self._pool = pool
        self._process = process
        self._decoder = pool.stdio.decoder()
        self._timer: IDelayedCall | None = None
        self._next: Deferred[bytes | None] | None = None  # what it writes, if that was asked for already
        self.answered = 0
        self.is_faulty = False
        self._is_owing = False  # an answer, for which somebody waits or has waited
        process.on_over.append(lambda _: self._over())

    @property
    def is_over(self) -> bool:
        """Whether it answers no more."""
        return self._is_owing or self._process.exited or self._process.ending

    def taken(self) -> Worker:
        """It has work."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return self

    def rest(self) -> None:
        """It has none."""
        if self._pool.idle:
            self._timer = self._pool.runner.reactor.callLater(self._pool.idle, self._not_needed)

    def is_silent(self) -> bool:
        """Whether it has no more to say; as soon as it does or ends, without being asked, it is withdrawn."""
        piece = self._process.stdout.read()
        if not isinstance(piece, Deferred):
            self._unasked(piece)
            return False
        self._next = piece.addCallback(self._heard)
        return True

    def end(self) -> None:
        """It is not needed any more."""
        self.taken()
        self._process.end()

    async def ask(self, message: bytes) -> bytes:
        """The reply to `message`, which is encoded."""
        pool, label = self._pool, self._pool.invocation.label
        self._is_owing = True
        late: list[bool] = []

        def too_late() -> None:
            late.append(True)
            self._process.end()

        timer = pool.runner.reactor.callLater(pool.deadline, too_late)
        try:
            reply = await self._exchange(message)
        except ForeseenError:
            self.is_faulty = True
            if late:
                raise CallTimeoutError(f"{label} took longer than {pool.deadline:g} s") from None
            raise
        finally:
            if timer.active():
                timer.cancel()
        self._is_owing = False
        self.answered += 1
        return reply

    async def _exchange(self, message: bytes) -> bytes:
        label, stdin = self._pool.invocation.label, self._process.stdin
        assert stdin is not None
        try:
            written = stdin.write(message)
            if written is not None:
                await written
        except BrokenPipeError:
            raise ForeseenError(f"{label} reads no more") from None
        while True:
            piece, self._next = self._next or self._process.stdout.read(), None
            if isinstance(piece, Deferred):
                piece = await piece
            if piece is None:
                raise ForeseenError(f"{label} ended instead of answering")
            try:
                replies = self._decoder.feed(piece)
            except FramingError as error:
                raise ForeseenError(f"{label}: what it wrote is no reply: {error}") from error
            if len(replies) > 1 or (replies and self._decoder.partial):
                raise ForeseenError(f"{label} wrote more than one reply to a message")
            if replies:
                return replies[0]

    def _heard(self, piece: bytes | None) -> bytes | None:
        if not self._is_owing:
            self._pool.withdraw(self)
            self._unasked(piece)
            self.end()
        return piece

    def _unasked(self, piece: bytes | None) -> None:
        if self._process.ending:
            return
        did = "ended" if piece is None else "wrote something"
        log.warn("{program}: {did} without being asked", program=self._process.name, did=did)
        if piece is not None:
            self._pool.fault()

    def _not_needed(self) -> None:
        self._timer = None
        self._process.end()

    def _over(self) -> None:
        self.taken()
        self._pool.gone(self)


def _crowded(outcome: object, seconds: float) -> None:
    raise CrowdedError
