"""The result of a scenario, as text for people and as data for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from measure import Measurement
from scenarios import Target

# Rounds that lie further apart than this say more about the machine than about the server.
SCATTER_WARNING = 0.20

HEADINGS = (
    "server",
    "messages/s",
    "CPU us/msg",
    "p50 us",
    "p99 us",
    "rate: polyport/peer",
    "CPU: polyport/peer",
)


@dataclass(frozen=True, slots=True)
class Report:
    """One scenario and what was measured in it: Polyport first, then its peers."""

    scenario: Any
    """Has a name, targets, ``data()``, and a text for people."""
    measurements: Sequence[Measurement]

    def ratio(self, peer: Measurement, figure: str) -> float:
        """Polyport's median divided by the peer's."""
        return self.measurements[0].median(figure) / peer.median(figure)

    def reached(self, target: Target) -> float:
        """What stands beside ``target.at_least``."""
        peer = next(each for each in self.measurements if each.server == target.peer)
        ratio = self.ratio(peer, target.figure)
        return ratio if target.figure == "rate" else 1 / ratio

    def text(self) -> str:
        """A table, the target and the warnings."""
        return "\n".join([str(self.scenario), "", *_table(list(self._rows())), "", *self._verdict()])

    def data(self) -> dict[str, Any]:
        """The same and every round, as plain values."""
        return {
            **self.scenario.data(),
            "servers": [self._server_data(each) for each in self.measurements],
            "targets": [self._target_data(target) for target in self.scenario.targets],
        }

    def _rows(self) -> Iterator[tuple[str, ...]]:
        yield HEADINGS
        for index, each in enumerate(self.measurements):
            ratios = ("", "")
            if index > 0:
                ratios = (f"{self.ratio(each, 'rate'):.2f}", f"{self.ratio(each, 'cpu_us'):.2f}")
            yield (
                each.server,
                f"{each.median('rate'):,.0f}",
                f"{each.median('cpu_us'):.2f}",
                f"{each.median('p50_us'):,.0f}",
                f"{each.median('p99_us'):,.0f}",
                *ratios,
            )

    def _verdict(self) -> Iterator[str]:
        for target in self.scenario.targets:
            reached = self.reached(target)
            by = "the rate" if target.figure == "rate" else "the messages per second of processor time"
            yield (
                f"target: at least {target.at_least:.2f} x {by} of {target.peer}: "
                f"{'met' if reached >= target.at_least else 'missed'} with {reached:.2f} x"
            )
        for each in self.measurements:
            if each.scatter > SCATTER_WARNING:
                yield (
                    f"warning: the rounds of {each.server} scatter by {each.scatter:.0%}; "
                    "something else used the machine, so measure again"
                )
            yield from each.notes
            if each.lost:
                yield f"warning: {each.server} left {each.lost} datagrams without a reply in time"

    def _server_data(self, each: Measurement) -> dict[str, Any]:
        figures = ("rate", "cpu_us", "p50_us", "p99_us")
        is_peer = each is not self.measurements[0]
        return {
            "name": each.server,
            "median": {figure: each.median(figure) for figure in figures},
            "polyport_over_peer": {
                figure: self.ratio(each, figure) for figure in ("rate", "cpu_us") if is_peer
            },
            "scatter": each.scatter,
            "rounds": [asdict(sample) for sample in each.samples],
        }

    def _target_data(self, target: Target) -> dict[str, Any]:
        reached = self.reached(target)
        return asdict(target) | {"reached": reached, "met": reached >= target.at_least}


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        name, *figures = row
        cells = [name.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(figures, widths[1:], strict=True)]
        yield ("  " + "  ".join(cells)).rstrip()
