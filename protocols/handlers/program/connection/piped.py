"""A process for each connection, with the daemon in between: for TLS, framings, limits and WebSocket."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from protocols.framing import Delimited, Framing, FramingError, Lines
from protocols.handlers.program.invocation import Invocation
from protocols.handlers.program.process import Process
from protocols.handlers.program.runner import CrowdedError, Runner
from protocols.session import Connection, ForeseenError, dismiss_by


class PipedProgram:
    """Runs a process for each connection, and passes on what comes and what it writes.

    :param stdio: how messages are marked on its standard input and output.
    :param deadline: seconds that it may take; 0 for as many as it likes.
    :param output: bytes that it may write; 0 for as many as it likes.
    :param watches_silence: whether a connection on which nothing passes may be closed for it.
    """

    def __init__(
        self,
        invocation: Invocation,
        runner: Runner,
        stdio: Framing,
        *,
        deadline: float = 0.0,
        output: int = 0,
        watches_silence: bool = False,
    ) -> None:
        self.invocation = invocation
        self.runner = runner
        self.stdio = stdio
        self.deadline = deadline
        self.output = output
        self.watches_silence = watches_silence

    def open(self, connection: Connection) -> PipedSession:
        return PipedSession(self, connection)


class PipedSession:
    """Between a client, whose connection it is given, and a process of its own.

    Until that runs nothing is read from the client, so nothing has to be kept.
    """

    def __init__(self, program: PipedProgram, connection: Connection) -> None:
        self.connection: Any = connection  # a DuplexConnection perhaps
        self._program = program
        self._runner = program.runner
        self._encode = program.stdio.encode
        self._decoder = program.stdio.decoder()
        # What a program writes last may lack the end of its line.
        lacks_nothing = not isinstance(program.stdio, Lines | Delimited)
        self._ending = b"" if lacks_nothing else program.stdio.encode(b"")
        self._coming: Deferred[Any] | None = None
        self._process: Process | None = None
        self._timer: IDelayedCall | None = None
        self._written = 0
        self._blocked = False  # the client does not read
        self._reading = False  # the process was asked for more
        self._ended = False
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether silence is none of the client's."""
        return self._process is None or not self._program.watches_silence

    # -- the client's side ---------------------------------------------------------------------------

    def started(self) -> None:
        self.connection.pause()
        self._coming = Deferred.fromCoroutine(self._start())
        self._coming.addErrback(self._not_started)

    async def _start(self) -> None:
        runner, invocation = self._runner, self._program.invocation
        await runner.turn()
        local = getattr(self.connection, "local", ("", 0))
        command = invocation.command(self.connection.peer, local)
        process = await runner.start(command, invocation.label)
        self._coming = None
        self._process = process
        process.on_over.append(self._over)
        if self._program.deadline:
            self._timer = runner.reactor.callLater(self._program.deadline, self._late)
        self.connection.resume()
        self._pump()

    def _not_started(self, failure: Failure) -> None:
        self._coming = None
        if self._closed:
            return
        if failure.check(CrowdedError):
            dismiss_by(self.connection)(self._runner.crowd)
        elif failure.check(OSError, ValueError):
            label = self._program.invocation.label
            self.connection.fail(ForeseenError(f"{label} cannot be started: {failure.getErrorMessage()}"))
        else:
            self.connection.fail(failure.value)

    def received(self, message: bytes) -> None:
        assert self._process is not None
        stdin = self._process.stdin
        assert stdin is not None
        try:
            written = stdin.write(self._encode(message))
        except BrokenPipeError:
            return  # it reads no more, which is its own affair
        except ValueError as error:
            self.connection.reject(error)
            return
        if written is not None:
            self.connection.pause()
            written.addCallbacks(lambda _: self.connection.resume(), self._not_written)

    def _not_written(self, failure: Failure) -> None:
        failure.trap(BrokenPipeError)
        self.connection.resume()

    def ended(self, error: Exception | None) -> None:
        """The client sends no more: neither do we."""
        self._ended = True
        if self._process is None:
            self.connection.close()
        elif error is not None:
            self._process.end()
            self.connection.close()
        else:
            assert self._process.stdin is not None
            self._process.stdin.close()
            if self._process.stdout.over:
                self.connection.close()

    def closed(self, reason: Exception | None) -> None:
        self._closed = True
        self._cancel_timer()
        coming, self._coming = self._coming, None
        if coming is not None:
            coming.cancel()
        if self._process is not None:
            self._process.end()

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._pump()

    # -- the process's side ----------------------------------------------------------------------------

    def _pump(self) -> None:
        """Pass on what it writes, until the client takes no more or nothing is there."""
        process = self._process
        assert process is not None
        while not (self._blocked or self._reading or self._closed):
            piece = process.stdout.read()
            if isinstance(piece, Deferred):
                self._reading = True
                piece.addCallback(self._came)
                return
            if not self._pass_on(piece):
                return

    def _came(self, piece: bytes | None) -> None:
        self._reading = False
        if self._pass_on(piece):
            self._pump()

    def _pass_on(self, piece: bytes | None) -> bool:
        """Send what was read; whether there is more to come."""
        if self._closed:
            return False
        if piece is None:
            self._output_ended()
            return False
        self._written += len(piece)
        program = self._program
        if program.output and self._written > program.output:
            self._fail(f"{program.invocation.label} wrote more than {program.output} bytes")
            return False
        try:
            for message in self._decoder.feed(piece):
                self.connection.send(message)
        except (FramingError, ValueError) as error:
            self._fail(f"{program.invocation.label}: what it wrote is no message: {error}")
            return False
        return True

    def _output_ended(self) -> None:
        """It writes no more; perhaps it still reads."""
        try:
            if self._decoder.partial and self._ending:
                for message in self._decoder.feed(self._ending):
                    self.connection.send(message)
            self._decoder.finish()
        except FramingError as error:
            label = self._program.invocation.label
            self._fail(f"{label}: what it wrote ends within a message: {error}")
            return
        assert self._process is not None
        finish = getattr(self.connection, "finish", None)
        if finish is None or self._ended or self._process.exited:
            self.connection.close()
        else:
            finish()

    def _over(self, process: Process) -> None:
        """It has ended, and everything it wrote is passed on."""
        self._cancel_timer()
        if not self._closed:
            self.connection.close()

    def _late(self) -> None:
        self._timer = None
        program = self._program
        self._fail(f"{program.invocation.label} took longer than {program.deadline:g} s")

    def _fail(self, reason: str) -> None:
        """It has not done as it should."""
        assert self._process is not None
        self._process.end()
        self.connection.fail(ForeseenError(reason))

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
