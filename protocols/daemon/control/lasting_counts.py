"""What several processes count, put together so that no total ever falls.

Whoever reads totals again and again takes one that falls for one that began anew, and the rest of it for
what has happened since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from protocols.daemon.control.status import ServiceStatus, merged_services


class LastingCounts:
    """The services of all processes: of one that does not answer as it last was, and with what those have
    counted that are no more."""

    def __init__(self) -> None:
        self._heard: dict[int, tuple[int, tuple[ServiceStatus, ...]]] = {}
        self._gone: dict[str, ServiceStatus] = {}

    def heard(self, index: int, pid: int, services: Iterable[ServiceStatus]) -> None:
        """The process `pid`, which is the one at `index` now, says how its services are."""
        self._check(index, pid)
        self._heard[index] = pid, tuple(services)

    def together(self, pids: Mapping[int, int]) -> tuple[ServiceStatus, ...]:
        """All of it, where `pids` are the processes that there are, by their indices."""
        for index in list(self._heard):
            self._check(index, pids.get(index))
        there = merged_services(services for _, services in self._heard.values())
        if there:
            names = {one.name for one in there}
            # What is removed begins anew if it ever comes back.
            self._gone = {name: one for name, one in self._gone.items() if name in names}
        return tuple(map(self._with_gone, there)) if there else tuple(self._gone.values())

    def _check(self, index: int, pid: int | None) -> None:
        """If the one that was heard at `index` is another than `pid`, it is no more."""
        known = self._heard.get(index)
        if known is not None and known[0] != pid:
            del self._heard[index]
            ended = [_counts_of(one) for one in known[1]]
            for one in merged_services((self._gone.values(), ended)):
                self._gone[one.name] = one

    def _with_gone(self, one: ServiceStatus) -> ServiceStatus:
        gone = self._gone.get(one.name)
        if gone is None:
            return one
        (both,) = merged_services(((one,), (gone.model_copy(update={"state": one.state}),)))
        return both


def _counts_of(one: ServiceStatus) -> ServiceStatus:
    """What stays of `one` when its process ends."""
    return ServiceStatus(
        name=one.name,
        answers=one.answers,
        addresses=(),
        state="drained",
        counts=one.counts,
        over=one.over,
        latency=one.latency,
    )
