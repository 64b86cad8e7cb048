"""What a user's generator yields, taken in batches, wherever it runs.

A generator is the user's code that others wait for in the middle: it may be slow, endless, fail after its
tenth item, or be left by its peer.  Here all of that is settled once, for every carrier: items are encoded
where they are made; a batch is sent when it is large or has taken a while, so that a slow generator's items
come as they are; what came before a failure is sent before it counts; and the generator is closed when
nobody listens any more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator
from inspect import GEN_RUNNING, getgeneratorstate
from typing import Any, Final, NamedTuple, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from protocols.handlers.threads import ThreadPool

ITEMS = 64
"""Items of one batch: then the rest of the daemon gets its turn."""

BATCH_BYTES = 64 * 1024
"""Bytes of one batch: as much as a transport buffers before it asks for a pause."""

BATCH_TIME = 0.05
"""Seconds after which a batch is sent with what it has."""

Encode = Callable[[Any], bytes]
_END = object()


class Batch(NamedTuple):
    """Some items, encoded."""

    items: list[bytes]
    more: bool
    """Whether there may be further ones."""
    full: bool = False
    """Whether it ended only because others should get their turn."""


class Runtime(Protocol):
    """Where a function runs: what :class:`~protocols.handlers.FunctionHandler` offers its generators."""

    threads: ThreadPool | None

    def run_coroutine(self, coroutine: Any, /) -> Any:
        """Run `coroutine`: its result, or a Deferred of it."""

    def limited(self, outcome: Deferred[Any], /) -> Deferred[Any]:
        """`outcome`, failing if it takes too long."""


class Items(Protocol):
    """The encoded items of one generator."""

    def take(self) -> Batch | Deferred[Batch]:
        """The next batch, now or later.  Raises, or fails with, what the generator raises."""

    def close(self) -> None:
        """Let go of the generator; a take that is under way is cancelled."""


def items_of(
    generator: Generator[Any, None, None] | AsyncGenerator[Any, None],
    encode: Encode,
    runtime: Runtime,
    report: Callable[[BaseException], None],
    *,
    most: int | None = None,
) -> Items:
    """The items of `generator`, taken where its function runs, `most` (:data:`ITEMS`) in one batch.

    `report` hears of an error that the generator raises while it is closed.
    """
    most = most or ITEMS
    if isinstance(generator, AsyncGenerator):
        return AsyncGeneratorItems(generator, encode, runtime, report, most)
    return GeneratorItems(generator, encode, runtime, report, most)


class _Taking:
    """What both kinds of generator need while they are taken."""

    def __init__(
        self, encode: Encode, runtime: Runtime, report: Callable[[BaseException], None], most: int = ITEMS
    ) -> None:
        self._encode = encode
        self._most = most
        self._runtime = runtime
        self._report = report
        self._error: BaseException | None = None
        self._closed = False

    def _failed(self, failure: Failure) -> None:
        if failure.value is not None:
            self._report(failure.value)


class GeneratorItems(_Taking):
    """Items of a plain generator, taken in the runtime's threads or in the reactor."""

    def __init__(self, generator: Generator[Any, None, None], *rest: Any) -> None:
        super().__init__(*rest)
        self._generator = generator
        self._taking: Deferred[Batch] | None = None

    def take(self) -> Batch | Deferred[Batch]:
        threads = self._runtime.threads
        if threads is None:
            return self._batch()
        self._taking = self._runtime.limited(threads.call(self._batch_in_thread))
        return self._taking.addBoth(self._taken)

    def close(self) -> None:
        self._closed = True
        taking, self._taking = self._taking, None
        if taking is not None:
            taking.cancel()
        if self._runtime.threads is not None:
            self._runtime.threads.call(self._close_in_thread).addErrback(self._failed)
        else:
            try:
                self._generator.close()
            except BaseException as error:  # noqa: BLE001 - the user's own code ends here
                self._report(error)

    def _taken(self, outcome: Any) -> Any:
        self._taking = None
        return outcome

    def _batch(self) -> Batch:
        if self._error is not None:
            raise self._error
        batch: list[bytes] = []
        size = 0
        enough = time.monotonic() + BATCH_TIME
        try:
            for item in self._generator:
                batch.append(self._encode(item))
                size += len(batch[-1])
                if len(batch) == self._most or size >= BATCH_BYTES or time.monotonic() >= enough:
                    return Batch(batch, more=True, full=True)
        except Exception as error:
            if not batch:
                raise
            self._error = error
            return Batch(batch, more=True)
        return Batch(batch, more=False)

    def _batch_in_thread(self) -> Batch:
        try:
            return self._batch()
        finally:
            if self._closed:
                self._generator.close()

    def _close_in_thread(self) -> None:
        try:
            self._generator.close()
        except ValueError:
            # Another thread is in it: that one sees that it is closed, and closes it when it comes back.
            if getgeneratorstate(self._generator) != GEN_RUNNING:
                raise


class AsyncGeneratorItems(_Taking):
    """Items of an async generator: those that come without waiting make one batch."""

    def __init__(self, generator: AsyncGenerator[Any, None], *rest: Any) -> None:
        super().__init__(*rest)
        self._generator = generator
        self._ahead: Deferred[Any] | None = None
        self._stepping: Deferred[Any] | None = None

    def take(self) -> Batch | Deferred[Batch]:
        if self._error is not None:
            raise self._error
        batch: list[bytes] = []
        try:
            while len(batch) < self._most:
                step, self._ahead = self._ahead or self._step(), None
                if isinstance(step, Deferred):
                    if batch:
                        self._ahead = step
                        return Batch(batch, more=True)
                    return self._wait(step)
                if step is _END:
                    return Batch(batch, more=False)
                batch.append(self._encode(step))
        except Exception as error:
            if not batch:
                raise
            self._error = error
            return Batch(batch, more=True)
        return Batch(batch, more=True, full=True)

    def close(self) -> None:
        self._closed = True
        ahead, self._ahead = self._ahead, None
        waiting = self._stepping or ahead
        if waiting is None:
            self._finish()
            return
        if ahead is not None:
            ahead.addBoth(self._stepped).addErrback(self._cancelled)
        waiting.cancel()

    def _step(self) -> Any:
        return self._runtime.run_coroutine(_next(self._generator))

    def _wait(self, step: Deferred[Any]) -> Deferred[Batch]:
        self._stepping = self._runtime.limited(step)
        return self._stepping.addBoth(self._stepped).addCallback(self._one)

    def _stepped(self, outcome: Any) -> Any:
        self._stepping = None
        if self._closed:
            self._finish()
        return outcome

    def _one(self, item: Any) -> Batch:
        return Batch([], more=False) if item is _END else Batch([self._encode(item)], more=True)

    def _finish(self) -> None:
        try:
            closing = self._runtime.run_coroutine(_close(self._generator))
        except BaseException as error:  # noqa: BLE001 - the user's own code ends here
            self._report(error)
        else:
            if isinstance(closing, Deferred):
                closing.addErrback(self._failed)

    def _cancelled(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self._failed(failure)


async def _next(generator: AsyncGenerator[Any, None]) -> Any:
    return await anext(generator, _END)


UNWINDING: Final = (0.0, 0.01, 0.1, 1.0, 10.0)
"""Seconds between looks at a generator that was cancelled while it awaited something of asyncio's, which
takes some turns of the loop to tell it."""


async def _close(generator: AsyncGenerator[Any, None]) -> None:
    for delay in UNWINDING:
        if not getattr(generator, "ag_running", False):
            break
        await asyncio.sleep(delay)
    await generator.aclose()
