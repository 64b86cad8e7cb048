"""The screen of ``polyport top``: from two looks at a daemon to a table of what passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from protocols.daemon.command.amounts import duration, number, quantile, quick, size
from protocols.daemon.command.top_channels import HEAD, ChannelRow, channel_rows, channel_table, lines_of
from protocols.daemon.command.traffic import Traffic, traffic
from protocols.daemon.control.status import Latency, ServiceStatus, Status
from protocols.daemon.printable import printable

OTHER_LINES: Final = 5
"""Lines of the screen that show no service."""

NAME: Final = 8
"""Characters of a service's name that are shown at least."""


@dataclass(frozen=True, slots=True)
class Row:
    """One service, within the last interval."""

    service: ServiceStatus
    rate: Traffic
    latency: Latency | None
    """Of the answers in that interval."""


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of each service."""

    title: str
    value: Callable[[Row], float | str]
    shown: Callable[[Row], str]


def _slow(row: Row, part: float) -> float:
    return quantile(row.latency, part) or 0.0


COLUMNS: Final = (
    Column("SERVICE", lambda row: row.service.name, lambda row: printable(row.service.name)),
    Column("OPEN", lambda row: row.service.open, lambda row: number(row.service.open)),
    Column("CONN/s", lambda row: row.rate.connections, lambda row: number(row.rate.connections)),
    Column("MSG/s", lambda row: row.rate.messages, lambda row: number(row.rate.messages)),
    Column("IN/s", lambda row: row.rate.bytes_in, lambda row: size(row.rate.bytes_in)),
    Column("OUT/s", lambda row: row.rate.bytes_out, lambda row: size(row.rate.bytes_out)),
    Column("ERR/s", lambda row: row.rate.errors, lambda row: number(row.rate.errors)),
    Column("P50", lambda row: _slow(row, 0.5), lambda row: quick(quantile(row.latency, 0.5))),
    Column("P99", lambda row: _slow(row, 0.99), lambda row: quick(quantile(row.latency, 0.99))),
)


@dataclass(frozen=True, slots=True)
class View:
    """What of it is looked at."""

    sort: int = 3
    """The column that services are sorted by."""
    reverse: bool = False
    """Whether the smallest comes first; names are the other way round."""
    first: int = 0
    """Services that are scrolled over."""

    def press(self, key: str, services: int, room: int) -> View:
        """After `key` was pressed, with so many `services` and `room` for so many."""
        last = max(0, services - room)
        match key:
            case "left" | "right":
                step = 1 if key == "right" else -1
                return replace(self, sort=(self.sort + step) % len(COLUMNS), first=0)
            case "r":
                return replace(self, reverse=not self.reverse, first=0)
            case "up" | "down" | "page up" | "page down":
                step = (room if "page" in key else 1) * (1 if "down" in key else -1)
                return replace(self, first=min(max(0, self.first + step), last))
        return self

    def order(self, rows: Sequence[Row]) -> list[Row]:
        """`rows` as they are shown; those that are equal stay as the YAML has them."""
        column = COLUMNS[self.sort]
        descending = self.reverse if self.sort == 0 else not self.reverse
        return sorted(rows, key=lambda row: _key(column.value(row)), reverse=descending)


def _key(value: float | str) -> tuple[float, str]:
    return (0.0, value) if isinstance(value, str) else (value, "")


class Looks:
    """Two looks at a daemon, one after the other."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        """What has passed between them, of each service."""
        self.channels: list[ChannelRow] = []
        """The same of each channel, the busiest first."""
        self.problem = ""
        """Why there are no more looks for now."""
        self._status: Status | None = None
        self._at = 0.0
        self._cpu = 0.0

    def add(self, status: Status, at: float) -> None:
        """Another look; `at` is in seconds of any clock that runs evenly."""
        before, seconds = self._status, at - self._at
        if before is None or seconds <= 0:
            self.rows = [Row(service, Traffic(), None) for service in status.services]
            self.channels = channel_rows((), status.channels, 1.0)
        else:
            known = {service.name: service for service in before.services}
            self.rows = [_row(known.get(service.name), service, seconds) for service in status.services]
            self.channels = channel_rows(before.channels, status.channels, seconds)
            self._cpu = max(0.0, _cpu(status) - _cpu(before)) / seconds
        self._status, self._at, self.problem = status, at, ""

    def screen(self, view: View, now: float, height: int) -> RenderableType:
        """All there is to see, no higher than `height` lines; `now` is in seconds since the epoch."""
        assert self._status is not None
        lines = _head(self._status, self._cpu, now)
        lines.append(
            Text(printable(self.problem.partition("\n")[0]), "bold red", no_wrap=True, overflow="ellipsis")
        )
        shown = view.order(self.rows)[view.first : view.first + room(height, len(self.channels))]
        body: list[RenderableType] = [_table(view, shown) if shown else Text("no services")]
        below = lines_of(len(self.channels), height - OTHER_LINES)
        if below:
            body += [Text(), channel_table(self.channels[: below - HEAD])]
        return Group(*lines, *body, _foot(view, len(shown), len(self.rows)))


def _cpu(status: Status) -> float:
    """Seconds of processor time of all processes."""
    return sum(worker.cpu for worker in status.workers)


def _row(before: ServiceStatus | None, after: ServiceStatus, seconds: float) -> Row:
    if before is None:
        return Row(after, Traffic(), None)
    return Row(
        after, traffic(after).per_second(traffic(before), seconds), _since(before.latency, after.latency)
    )


def _since(before: Latency | None, after: Latency | None) -> Latency | None:
    return after if before is None or after is None else after.since(before)


def room(height: int, channels: int = 0) -> int:
    """Services that a screen of so many lines shows, where there are so many channels."""
    return max(1, height - OTHER_LINES - lines_of(channels, height - OTHER_LINES))


def _table(view: View, shown: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False, expand=True, header_style="bold")
    for index, column in enumerate(COLUMNS):
        is_sorted = index == view.sort
        mark = ("▲" if view.reverse == (index > 0) else "▼") if is_sorted else ""
        table.add_column(
            Text(column.title + mark, "reverse" if is_sorted else ""),
            justify="right" if index else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=None if index else 1,
            min_width=None if index else NAME,
        )
    for row in shown:
        style = "red" if row.rate.errors else "" if row.service.state == "serving" else "yellow"
        table.add_row(*(Text(column.shown(row)) for column in COLUMNS), style=style)
    return table


def _head(status: Status, cpu: float, now: float) -> list[Text]:
    workers = status.workers
    processes = "1 process" if len(workers) == 1 else f"{len(workers)} processes"
    first = f"polyport {status.version}  up {duration(now - status.started)}  {printable(status.config)}"
    memory, files = sum(one.memory for one in workers), sum(one.descriptors for one in workers)
    lag, stalls = max((one.lag for one in workers), default=0.0), sum(one.stalls for one in workers)
    second = (
        f"{processes}  cpu {100 * cpu:.0f} %  memory {size(memory)}  files {files}"
        f"  lag {quick(lag)}  stalls {stalls}"
    )
    return [Text(line, no_wrap=True, overflow="ellipsis") for line in (first, second)]


def _foot(view: View, shown: int, services: int) -> Text:
    which = "" if shown == services else f"{view.first + 1}-{view.first + shown} of {services}   ↑↓ scroll   "
    return Text(f"{which}←→ sort   r reverse   q quit", "dim", no_wrap=True, overflow="ellipsis")
