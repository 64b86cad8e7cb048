"""Where the messages to send come from: the command line, or standard input."""

from __future__ import annotations

import os
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Protocol

from protocols.framing import FramingError, Lines

READ_SIZE = 64 * 1024
"""Bytes read from standard input at a time: what a pipe holds."""

INPUT_LIMIT = 64 * 1024 * 1024
"""Bytes of the longest line, or of a whole input read as one message: it is held in memory, so endless
input must not be taken for one."""

Batch = Sequence[bytes] | None
"""Some messages as they were typed; ``None`` at the end."""


class InputError(Exception):
    """Standard input cannot be read any further."""


class MessageSource(Protocol):
    """Gives messages as they are asked for."""

    def read(self, deliver: Callable[[Batch | InputError], None]) -> None:
        """Get the next batch; `deliver` is called once with it, in the event loop's thread."""


class ArgumentSource:
    """The messages of the command line."""

    def __init__(self, messages: Sequence[bytes]) -> None:
        self._batches: list[Batch] = [messages, None]

    def read(self, deliver: Callable[[Batch | InputError], None]) -> None:
        deliver(self._batches.pop(0))


class InputCutter(Protocol):
    """What makes messages of the bytes of standard input."""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes.  Raises :class:`InputError`."""

    def rest(self) -> list[bytes]:
        """What is left at the end."""


class InputLines:
    """Makes a message of each line, without its LF or CR LF; the last one needs no ending."""

    def __init__(self) -> None:
        self._decoder = Lines(limit=INPUT_LIMIT).decoder()

    def feed(self, data: bytes) -> list[bytes]:
        try:
            return self._decoder.feed(data)
        except FramingError as error:
            raise InputError(f"standard input: {error}") from None

    def rest(self) -> list[bytes]:
        return self._decoder.feed(b"\n") if self._decoder.partial else []


class InputPieces:
    """Makes a message of each piece as it comes."""

    def feed(self, data: bytes) -> list[bytes]:
        return [data]

    def rest(self) -> list[bytes]:
        return []


class WholeInput:
    """Makes one message of everything."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        if len(self._held) + len(data) > INPUT_LIMIT:
            raise InputError(f"standard input is longer than the {INPUT_LIMIT} bytes of one message")
        self._held += data
        return []

    def rest(self) -> list[bytes]:
        return [bytes(self._held)]


class InputSource:
    """Standard input, read by a thread, and only when something is asked for.

    A thread works for terminals, pipes and files alike, and leaves the mode of the descriptor alone:
    a terminal shares it with standard output, and with the shell.

    :param loop: where what was read is delivered.
    :param descriptor: what to read, 0 for standard input.
    """

    def __init__(self, cutter: InputCutter, loop: AbstractEventLoop, descriptor: int = 0) -> None:
        self._cutter = cutter
        self._loop = loop
        self._descriptor = descriptor
        self._requests: SimpleQueue[Callable[[Batch | InputError], None]] = SimpleQueue()
        # A daemon thread, as nothing can wake it from a read when the program is to end.
        threading.Thread(target=self._serve, name="standard input", daemon=True).start()

    def read(self, deliver: Callable[[Batch | InputError], None]) -> None:
        self._requests.put(deliver)

    def _serve(self) -> None:
        over = False
        while True:
            deliver = self._requests.get()
            batch: Batch | InputError = None
            if not over:
                batch, over = self._next()
            # The program may be over meanwhile.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(deliver, batch)

    def _next(self) -> tuple[Batch | InputError, bool]:
        """The next messages, and whether they are the last."""
        try:
            while data := os.read(self._descriptor, READ_SIZE):
                messages = self._cutter.feed(data)
                if messages:
                    return messages, False
            return self._cutter.rest(), True
        except InputError as error:
            return error, True
        except OSError as error:
            return InputError(f"standard input: {error.strerror}"), True
