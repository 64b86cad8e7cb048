"""The calls that the other end of a link makes."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.wire import Answer, Call, End, Item, Problem, Reply, WireError

log = Logger(namespace="polyport")

AT_ONCE = 1000
"""Calls of one end that the other answers at a time: each holds a little of its memory."""

Method: TypeAlias = Callable[..., Any]
"""What can be called: takes the arguments by name, and :class:`Descriptors` as ``descriptors`` if some came
along.  Returns what JSON can say, a Deferred of that, a coroutine, or a :class:`Stream`.  What it raises as
:class:`OperationError` is told to the caller; everything else is logged, too."""

Methods: TypeAlias = Mapping[str, Method]


class Descriptors:
    """File descriptors that came with a call; what the method has not taken when it returns is closed."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def take(self) -> list[int]:
        """All of them, which are the caller's to close from now on.  Programs do not inherit them."""
        numbers, self._numbers = self._numbers, []
        return numbers

    def close(self) -> None:
        """Close those that nobody has taken."""
        for number in self.take():
            os.close(number)


class Outlet:
    """Where the items of one stream leave."""

    def __init__(self, number: int, serving: Serving) -> None:
        self._number = number
        self._serving = serving

    @property
    def has_room(self) -> bool:
        """Whether the reader keeps up; unless it does, an item need not even be made."""
        return self._serving.has_room()

    def send(self, item: Any) -> bool:
        """Send `item`, which JSON can say, if the reader keeps up; else it is dropped.

        :returns: whether it left.
        """
        if not self.has_room:
            return False
        self._serving.item(self._number, item)
        return True

    def end(self, problem: str | None = None) -> None:
        """There are no more; with a `problem`, because of that."""
        self._serving.end(self._number, problem)


@dataclass(frozen=True, slots=True)
class Stream:
    """What a method returns whose results are many."""

    begin: Callable[[Outlet], Callable[[], object]]
    """Begins to send items, and returns what ends that.  Which is called once: when the caller wants no more,
    when the link is closed, or when :meth:`Outlet.end` was called."""


class Serving:
    """Answers calls.

    :param send: sends a reply, unless the link is closed; raises :class:`WireError` for one that cannot be
        said.
    :param has_room: whether the other end reads what is sent to it.
    :param idle: called when nothing is under way any more.
    """

    def __init__(
        self,
        methods: Methods,
        send: Callable[[Reply], object],
        has_room: Callable[[], bool],
        idle: Callable[[], object] = lambda: None,
    ) -> None:
        self._methods = methods
        self._send = send
        self.has_room = has_room
        self._idle = idle
        self._under_way: dict[int, Callable[[], object] | None] = {}
        """By number, what ends the stream; ``None``: there is none, or it just begins."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def called(self, call: Call, descriptors: Descriptors) -> None:
        """The other end calls.  Raises :class:`WireError` for a number that is in use."""
        if call.id in self._under_way or len(self._under_way) >= AT_ONCE:
            descriptors.close()
            if call.id in self._under_way:
                raise WireError(f"two calls at a time have the number {call.id}")
            self._send(Problem(call.id, f"{AT_ONCE} calls are under way already"))
            return
        self._under_way[call.id] = None
        answer = maybeDeferred(self._result, call, descriptors)
        answer.addCallback(self._answer, call.id)
        answer.addErrback(self._failed, call)

    def _result(self, call: Call, descriptors: Descriptors) -> Any:
        try:
            method = self._methods.get(call.do)
            if method is None:
                known = ", ".join(sorted(self._methods)) or "nothing"
                raise OperationError(f"{call.do!r} cannot be asked here; what can: {known}")
            arguments = dict(call.arguments)
            if len(descriptors):
                arguments["descriptors"] = descriptors
            try:
                inspect.signature(method).bind(**arguments)
            except TypeError as error:
                raise OperationError(f"{call.do}: {error}") from error
            return method(**arguments)
        finally:
            descriptors.close()

    def _answer(self, result: Any, number: int) -> None:
        if number not in self._under_way:
            return  # the link is closed, or nobody wants it any more
        if not isinstance(result, Stream):
            self._send(Answer(number, result))
            self._over(number)
            return
        stop = result.begin(Outlet(number, self))
        if number in self._under_way:
            self._under_way[number] = stop
        else:
            stop()  # it has ended as it began

    def _failed(self, failure: Failure, call: Call) -> None:
        error = failure.value
        if isinstance(error, OperationError):
            text = str(error)
        elif isinstance(error, WireError):
            text = f"{call.do}: the answer cannot be sent: {error}"
        else:
            log.failure("control: {do} failed", failure=failure, do=call.do)
            text = f"{call.do} failed: {type(error).__name__}: {error}"
        self.end(call.id, text)

    def item(self, number: int, value: Any) -> None:
        """One of many results; one that cannot be said ends them."""
        if number not in self._under_way:
            return
        try:
            self._send(Item(number, value))
        except WireError as error:
            self.end(number, f"an item cannot be sent: {error}")

    def end(self, number: int, problem: str | None = None) -> None:
        """Nothing more is said of the call `number`, unless that is so already."""
        if number not in self._under_way:
            return
        self._send(End(number) if problem is None else Problem(number, problem))
        stop = self._over(number)
        if stop is not None:
            stop()

    def _over(self, number: int) -> Callable[[], object] | None:
        stop = self._under_way.pop(number)
        if not self._under_way:
            self._idle()
        return stop

    def lost(self) -> None:
        """The link is closed: streams end; what methods still do, they do for nobody."""
        under_way, self._under_way = self._under_way, {}
        for stop in under_way.values():
            if stop is not None:
                stop()
