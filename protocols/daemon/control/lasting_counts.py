"""What several processes count, put together so that no total ever falls.

Whoever reads totals again and again takes one that falls for one that began anew, and the rest of it for
what has happened since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, Protocol, TypeVar

from protocols.daemon.control.status import ServiceStatus


class Named(Protocol):
    """A service, or a channel."""

    @property
    def name(self) -> str: ...


Counting = TypeVar("Counting", bound=Named)


class LastingCounts(Generic[Counting]):
    """The services, or channels, of all processes: of one that does not answer as it last was, and with what
    those have counted that are no more.

    :param merge: makes of what several processes say what one would.
    :param ended: what stays of one when its process ends; to be added to the other, if there is one.
    """

    def __init__(
        self,
        merge: Callable[[Iterable[Iterable[Counting]]], tuple[Counting, ...]],
        ended: Callable[[Counting, Counting | None], Counting],
    ) -> None:
        self._merge = merge
        self._ended = ended
        self._heard: dict[int, tuple[int, tuple[Counting, ...]]] = {}
        self._gone: dict[str, Counting] = {}

    def heard(self, index: int, pid: int, what: Iterable[Counting]) -> None:
        """The process `pid`, which is the one at `index` now, says how its own are."""
        self._check(index, pid)
        self._heard[index] = pid, tuple(what)

    def together(self, pids: Mapping[int, int]) -> tuple[Counting, ...]:
        """All of it, where `pids` are the processes that there are, by their indices."""
        for index in list(self._heard):
            self._check(index, pids.get(index))
        there = self._merge(each for _, each in self._heard.values())
        if self._heard:
            names = {one.name for one in there}
            # What is removed begins anew if it ever comes back.
            self._gone = {name: one for name, one in self._gone.items() if name in names}
        return tuple(map(self._with_gone, there)) if self._heard else tuple(self._gone.values())

    def _check(self, index: int, pid: int | None) -> None:
        """If the one that was heard at `index` is another than `pid`, it is no more."""
        known = self._heard.get(index)
        if known is not None and known[0] != pid:
            del self._heard[index]
            ended = [self._ended(one, None) for one in known[1]]
            for one in self._merge((self._gone.values(), ended)):
                self._gone[one.name] = one

    def _with_gone(self, one: Counting) -> Counting:
        gone = self._gone.get(one.name)
        if gone is None:
            return one
        (both,) = self._merge(((one,), (self._ended(gone, one),)))
        return both


def ended_service(one: ServiceStatus, beside: ServiceStatus | None = None) -> ServiceStatus:
    """What stays of `one` when its process ends."""
    return ServiceStatus(
        name=one.name,
        answers=one.answers,
        addresses=(),
        state="drained" if beside is None else beside.state,
        counts=one.counts,
        over=one.over,
        latency=one.latency,
    )
