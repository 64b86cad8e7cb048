"""Bodies that a user's generator makes, item by item."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Generator
from inspect import GEN_RUNNING, getgeneratorstate
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from protocols.handlers import FunctionHandler
from protocols.http.source import PIECE, Source

ITEMS_PER_PIECE = 64
"""Items taken before the rest of the daemon gets its turn."""

PIECE_TIME = 0.05
"""Seconds after which what has been made is sent, so that a slow generator's items come as they are."""

Encode = Callable[[Any], bytes]
Report = Callable[[BaseException], None]

_END = object()


class GeneratorSource(Source):
    """What a generator yields, each item encoded.

    It runs where its function does: in the threads of `handler`, or else in the reactor.  `report` hears
    of an error that its end raises when nobody listens any more.
    """

    def __init__(
        self, items: Generator[Any, None, None], encode: Encode, handler: FunctionHandler, report: Report
    ) -> None:
        self._items = items
        self._encode = encode
        self._handler = handler
        self._report = report
        self._over = False
        self._closed = False
        self._reading: Deferred[Any] | None = None

    def read(self) -> bytes | Deferred[bytes | None] | None:
        if self._over:
            return None
        threads = self._handler.threads
        if threads is None:
            return self._taken(_take(self._items, self._encode))
        reading = self._handler.limited(threads.call(self._take_in_thread))
        self._reading = reading
        piece: Deferred[bytes | None] = reading.addCallback(self._taken)
        return piece

    def _taken(self, outcome: tuple[bytes, bool]) -> bytes | None:
        piece, more = outcome
        self._reading = None
        self._over = not more
        return piece if piece or more else None

    def close(self) -> None:
        self._closed = True
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
        if self._over:
            return
        if self._handler.threads is not None:
            self._handler.threads.call(self._close_in_thread).addErrback(self._failed)
        else:
            try:
                self._items.close()
            except Exception as error:  # noqa: BLE001 - the user's own code ends here
                self._report(error)

    def _take_in_thread(self) -> tuple[bytes, bool]:
        try:
            return _take(self._items, self._encode)
        finally:
            if self._closed:
                self._items.close()

    def _close_in_thread(self) -> None:
        try:
            self._items.close()
        except ValueError:
            # Another thread is in it: that one sees that it is closed, and closes it when it comes back.
            if getgeneratorstate(self._items) != GEN_RUNNING:
                raise

    def _failed(self, failure: Failure) -> None:
        if failure.value is not None:
            self._report(failure.value)


class AsyncGeneratorSource(Source):
    """What an async generator yields, each item encoded."""

    def __init__(
        self, items: AsyncGenerator[Any, None], encode: Encode, handler: FunctionHandler, report: Report
    ) -> None:
        self._items = items
        self._encode = encode
        self._handler = handler
        self._report = report
        self._closed = False
        self._reading: Deferred[Any] | None = None

    def read(self) -> bytes | Deferred[bytes | None] | None:
        item = self._handler.run_coroutine(_next(self._items))
        if not isinstance(item, Deferred):
            return self._encoded(item)
        self._reading = self._handler.limited(item)
        return self._reading.addBoth(self._stepped).addCallback(self._encoded)

    def _stepped(self, outcome: Any) -> Any:
        self._reading = None
        if self._closed:
            self._finish()
        return outcome

    def _encoded(self, item: Any) -> bytes | None:
        return None if item is _END else self._encode(item)

    def close(self) -> None:
        self._closed = True
        if self._reading is None:
            self._finish()
        else:
            self._reading.cancel()

    def _finish(self) -> None:
        try:
            closing = self._handler.run_coroutine(_close(self._items))
        except Exception as error:  # noqa: BLE001 - the user's own code ends here
            self._report(error)
        else:
            if isinstance(closing, Deferred):
                closing.addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if failure.value is not None:
            self._report(failure.value)


def _take(items: Generator[Any, None, None], encode: Encode) -> tuple[bytes, bool]:
    """The next items, encoded and joined, and whether there may be more."""
    piece = bytearray()
    enough = time.monotonic() + PIECE_TIME
    for number, item in enumerate(items, start=1):
        piece += encode(item)
        if number == ITEMS_PER_PIECE or len(piece) >= PIECE or time.monotonic() >= enough:
            return bytes(piece), True
    return bytes(piece), False


async def _next(items: AsyncGenerator[Any, None]) -> Any:
    return await anext(items, _END)


async def _close(items: AsyncGenerator[Any, None]) -> None:
    await items.aclose()
