"""The content of a request, as a script reads it: its length is known before the script starts."""

from __future__ import annotations

import subprocess
from tempfile import TemporaryFile
from typing import IO, Final

from twisted.internet.defer import CancelledError

from protocols.handlers.program import Process
from protocols.http.body import BodyStream, ClientGoneError
from protocols.http.errors import HTTPError

AHEAD: Final = 64 * 1024
"""Bytes that are here before a script is started, so that slow clients keep no script waiting for little."""


class Content:
    """The content of a request.

    :param length: bytes of the whole.
    :param first: what is here.
    :param rest: where the others come from.
    :param file: holds all of it in the place of both.
    """

    def __init__(
        self,
        length: int,
        first: bytes = b"",
        rest: BodyStream | None = None,
        file: IO[bytes] | None = None,
    ) -> None:
        self.length = length
        self._first = first
        self._rest = rest
        self._file = file

    @property
    def stdin(self) -> int | None:
        """Where a script reads it; ``None``: from a pipe, which :meth:`feed` fills."""
        if self._file is not None:
            return self._file.fileno()
        return None if self.length else subprocess.DEVNULL

    async def feed(self, process: Process) -> None:
        """Write it at the speed at which `process` reads it.

        A process is ended if the client does not send all.
        """
        stdin = process.stdin
        if stdin is None:
            return
        try:
            await _written(stdin.write(self._first))
            self._first = b""
            if self._rest is not None:
                async for piece in self._rest:
                    await _written(stdin.write(piece))
        except (BrokenPipeError, CancelledError):
            pass  # it has read enough, or has been answered for
        except (ClientGoneError, HTTPError):
            process.end()
        finally:
            stdin.close()

    def close(self) -> None:
        """Let go of the file: a script that has it keeps it."""
        if self._file is not None:
            self._file.close()


async def _written(outcome: object) -> None:
    if outcome is not None:
        await outcome  # type: ignore[misc]


async def collected(body: BodyStream) -> Content:
    """The content of `body`, as soon as its length is known and :data:`AHEAD` bytes of it are here.

    What comes in chunks is of unknown length until its end; RFC 3875 (section 4.1.2) wants a
    CONTENT_LENGTH, so the whole is waited for, in a temporary file if it is long.

    Raises :class:`HTTPError` (413) where that is longer than the route takes.
    """
    pieces: list[bytes] = []
    size = 0
    if body.length != 0:
        async for piece in body:
            pieces.append(piece)
            size += len(piece)
            if size >= AHEAD or size == body.length:
                break
        else:
            return Content(size, b"".join(pieces))
    first = b"".join(pieces)
    if body.length is None:
        return await _spooled(first, body)
    return Content(body.length, first, body if size < body.length else None)


async def _spooled(first: bytes, rest: BodyStream) -> Content:
    file = TemporaryFile(buffering=0)  # noqa: SIM115 - the content owns it
    try:
        file.write(first)
        size = len(first)
        async for piece in rest:
            file.write(piece)
            size += len(piece)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Content(size, file=file)
