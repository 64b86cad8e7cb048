"""The calls that this end of a link makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred

from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.wire import Answer, Call, Item, Problem, Reply, Stop

Ended: TypeAlias = Callable[[Exception | None], object]
"""Hears why there are no more items; ``None``: those were all."""

Send: TypeAlias = Callable[[Call | Stop, Sequence[int]], object]
"""Sends a message with descriptors; raises :class:`~protocols.daemon.control.wire.WireError` for one that
cannot be said."""


@dataclass(frozen=True, slots=True)
class _Followed:
    heard: Callable[[Any], object]
    ended: Ended


class Asking:
    """Who waits for which answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._last = 0
        self._waiting: dict[int, Deferred[Any] | _Followed] = {}

    def call(self, do: str, arguments: Mapping[str, Any], descriptors: Sequence[int] = ()) -> Deferred[Any]:
        """Ask for one answer; fails with :class:`OperationError` if there is none.

        Who cancels it waits no longer; the other end hears nothing of that.
        """
        number = self._next()
        self._send(Call(number, do, arguments, len(descriptors)), descriptors)

        def waits_no_longer(answer: Deferred[Any]) -> None:
            self._waiting.pop(number, None)

        answer: Deferred[Any] = Deferred(waits_no_longer)
        self._waiting[number] = answer
        return answer

    def follow(
        self, do: str, arguments: Mapping[str, Any], heard: Callable[[Any], object], ended: Ended
    ) -> Callable[[], None]:
        """Ask for many.

        :returns: what ends it; after that neither `heard` nor `ended` is called.
        """
        number = self._next()
        self._send(Call(number, do, arguments), ())
        self._waiting[number] = _Followed(heard, ended)

        def stop() -> None:
            if self._waiting.pop(number, None) is not None:
                self._send(Stop(number), ())

        return stop

    def _next(self) -> int:
        self._last += 1
        return self._last

    def heard(self, reply: Reply) -> None:
        """What the other end says; nothing to anybody, if nobody waits for it."""
        waiting = self._waiting.get(reply.id)
        if isinstance(waiting, _Followed):
            self._heard_of_many(waiting, reply)
        elif waiting is not None:
            del self._waiting[reply.id]
            if isinstance(reply, Answer):
                waiting.callback(reply.value)
            elif isinstance(reply, Problem):
                waiting.errback(OperationError(reply.text))
            else:
                self._send(Stop(reply.id), ())
                waiting.errback(OperationError("there are many answers to that, and one was asked for"))

    def _heard_of_many(self, followed: _Followed, reply: Reply) -> None:
        if isinstance(reply, Item):
            followed.heard(reply.value)
            return
        del self._waiting[reply.id]
        if isinstance(reply, Answer):
            followed.heard(reply.value)
        followed.ended(OperationError(reply.text) if isinstance(reply, Problem) else None)

    def lost(self, error: Exception) -> None:
        """Nobody will answer any more."""
        waiting, self._waiting = self._waiting, {}
        for one in waiting.values():
            if isinstance(one, _Followed):
                one.ended(error)
            else:
                one.errback(error)
