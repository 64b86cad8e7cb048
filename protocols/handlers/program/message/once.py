"""A process for each message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from twisted.internet.defer import Deferred

from protocols.framing import Decoder, FramingError, Lines
from protocols.handlers.deadline import CallTimeoutError
from protocols.handlers.program.invocation import Invocation
from protocols.handlers.program.process import Process
from protocols.handlers.program.runner import Runner
from protocols.session import ForeseenError, Peer

DEADLINE: Final = 30.0
"""Seconds that the answer to one message may take: what a function may."""

OUTPUT: Final = 1024 * 1024
"""Bytes that may be written in answer to one: it is held in memory."""


class Once:
    """Runs the program for each message, which it reads to the end of its standard input.

    :param replies: whether all that it writes is one reply, or each line of it, as it comes.
    :param cut: whether the newline that most programs write last is no part of the reply, as in a shell's
        ``$(…)``; for carriers of lines.
    """

    def __init__(
        self,
        invocation: Invocation,
        runner: Runner,
        *,
        replies: Literal["whole", "lines"] = "whole",
        cut: bool = False,
        deadline: float = DEADLINE,
        output: int = OUTPUT,
    ) -> None:
        self._invocation = invocation
        self._runner = runner
        self._replies = replies
        self._cut = cut
        self._deadline = deadline
        self._output = output

    async def answer(
        self, message: bytes, peer: Peer, local: tuple[str, int], send: Callable[[bytes], None]
    ) -> None:
        """See :class:`~protocols.handlers.program.message.handler.Answers`."""
        runner, label = self._runner, self._invocation.label
        await runner.turn()
        process = await runner.start(self._invocation.command(peer, local), label)
        late: list[bool] = []

        def too_late() -> None:
            late.append(True)
            process.end()

        timer = runner.reactor.callLater(self._deadline, too_late)
        try:
            _feed(process, message)
            await self._pass_on(process, send)
        except ForeseenError:
            if late:
                raise CallTimeoutError(f"{label} took longer than {self._deadline:g} s") from None
            raise
        finally:
            if timer.active():
                timer.cancel()
            process.end()

    async def _pass_on(self, process: Process, send: Callable[[bytes], None]) -> None:
        decoder = Lines("lf", self._output).decoder() if self._replies == "lines" else None
        written = bytearray()
        size = 0
        while (piece := await _next(process)) is not None:
            size += len(piece)
            if size > self._output:
                raise ForeseenError(f"{self._invocation.label} wrote more than {self._output} bytes")
            if decoder is None:
                written += piece
            else:
                self._send_lines(decoder, piece, send)
        status = await _status(process)
        if status or process.ending:
            ended = f"exit status {status}" if status > 0 else f"signal {-status}"
            raise ForeseenError(f"{self._invocation.label} ended with {ended}; nothing of it is sent")
        if decoder is not None:
            if decoder.partial:
                self._send_lines(decoder, b"\n", send)
        elif written:
            send(bytes(written.removesuffix(b"\n") if self._cut else written))

    @staticmethod
    def _send_lines(decoder: Decoder, piece: bytes, send: Callable[[bytes], None]) -> None:
        try:
            for line in decoder.feed(piece):
                send(line)
        except FramingError as error:
            raise ForeseenError(f"what the program wrote is no line: {error}") from error


def _feed(process: Process, message: bytes) -> None:
    """Have `process` read `message`, as far as it does."""
    stdin = process.stdin
    assert stdin is not None
    try:
        written = stdin.write(message)
    except BrokenPipeError:
        return
    if written is None:
        stdin.close()
    else:
        written.addCallbacks(lambda _: stdin.close(), lambda failure: failure.trap(BrokenPipeError))


async def _next(process: Process) -> bytes | None:
    """The next piece of what it writes; ``None`` at the end."""
    piece = process.stdout.read()
    return await piece if isinstance(piece, Deferred) else piece


async def _status(process: Process) -> int:
    """How it ended, once it has."""
    if process.status is None:
        over: Deferred[None] = Deferred(lambda _: None)
        process.on_over.append(lambda _: None if over.called else over.callback(None))
        await over
    assert process.status is not None
    return process.status
