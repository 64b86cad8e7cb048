"""What one peer is told, in the order in which it asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from protocols.session import Connection, many_by

UNDER_WAY: Final = 256
"""Messages of one connection whose answers may be owed at a time: enough that a store which puts many into
one commit always has some, and few enough that none waits long."""

UNDER_WAY_BYTES: Final = 1024 * 1024
"""Bytes of them: what one connection may have us hold."""


class Answer:
    """What is said to one request, once it is known."""

    __slots__ = ("_answers", "is_error", "lines", "messages", "octets", "sent")

    def __init__(self, answers: Answers, messages: int, octets: int) -> None:
        self.messages = messages
        self.octets = octets
        self.lines: Sequence[bytes] | None = None
        self.is_error = False
        self.sent: Callable[[], object] | None = None
        """Called when it has been said."""
        self._answers = answers

    def given(self, lines: Sequence[bytes], *, is_error: bool = False) -> None:
        """It is `lines`.

        :param is_error: they say what is wrong with what the peer has said; where its framing cannot carry
            that, it is not told.
        """
        self.lines = lines
        self.is_error = is_error
        self._answers.advance()


class Answers:
    """Says by `connection` what is known as soon as everything before it is said.

    Once too much is owed, the peer is read from no more until it is less.

    :param pause: called then, and `resume` afterwards; those of `connection` unless said.

    .. attribute:: owed

       What was asked, and is not said yet.
    """

    __slots__ = (
        "_advancing",
        "_connection",
        "_finished",
        "_is_paused",
        "_many",
        "_messages",
        "_octets",
        "_pause",
        "_resume",
        "owed",
    )

    def __init__(
        self,
        connection: Connection,
        *,
        pause: Callable[[], object] | None = None,
        resume: Callable[[], object] | None = None,
    ) -> None:
        self._connection = connection
        self._pause = pause or connection.pause
        self._resume = resume or connection.resume
        self._many = many_by(connection)
        self.owed: deque[Answer] = deque()
        self._messages = 0
        self._octets = 0
        self._is_paused = False
        self._advancing = False
        self._finished: Callable[[], object] | None = None

    def owe(self, messages: int = 1, octets: int = 0) -> Answer:
        """One that will come, to so many messages of so many bytes."""
        answer = Answer(self, messages, octets)
        self.owed.append(answer)
        self._messages += messages
        self._octets += octets
        if not self._is_paused and (self._messages >= UNDER_WAY or self._octets >= UNDER_WAY_BYTES):
            self._is_paused = True
            self._pause()
        return answer

    def add(self, lines: Sequence[bytes], *, is_error: bool = False) -> None:
        """One that is known now."""
        if self.owed:
            self.owe().given(lines, is_error=is_error)
        else:
            self._say(lines, is_error)

    def advance(self) -> None:
        """Say what is known."""
        if self._advancing:
            return  # by what has been called when one was said
        self._advancing = True
        owed = self.owed
        try:
            while owed and owed[0].lines is not None:
                self._say_next()
        finally:
            self._advancing = False
        if self._finished is not None:
            if not owed:
                finished, self._finished = self._finished, None
                finished()
        elif self._is_paused and self._messages <= UNDER_WAY // 2 and self._octets <= UNDER_WAY_BYTES // 2:
            self._is_paused = False
            self._resume()

    def finish(self, finished: Callable[[], object]) -> None:
        """Call `finished` once everything is said."""
        if self.owed:
            self._finished = finished
        else:
            finished()

    def drop(self) -> None:
        """Nobody is there to be told."""
        self.owed.clear()
        self._finished = None
        self._is_paused = False

    def _say_next(self) -> None:
        """Say what is known next, as much as can be in one piece."""
        owed = self.owed
        lines: list[bytes] = []
        sent: Callable[[], object] | None = None
        is_error = owed[0].is_error
        while owed and owed[0].lines is not None and owed[0].is_error is is_error and sent is None:
            answer = owed.popleft()
            lines += answer.lines or ()
            sent = answer.sent
            self._messages -= answer.messages
            self._octets -= answer.octets
        self._say(lines, is_error)
        if sent is not None:
            sent()

    def _say(self, lines: Sequence[bytes], is_error: bool) -> None:
        if is_error:
            for line in lines:
                with suppress(ValueError):
                    self._connection.send(line)
        elif len(lines) == 1:
            self._connection.send(lines[0])
        elif lines:
            self._many(lines)
