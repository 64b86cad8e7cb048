"""The load from outside: its process, the phases it is in, and what came of each."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from companion import companion
from failure import BenchmarkError
from operations.load import Plan
from operations.tally import Tally
from processor import cpu_seconds


@dataclass(frozen=True, slots=True)
class Phase:
    """What became of everything that was asked in it."""

    tallies: Mapping[str, Tally]
    """By who asked."""
    late: float = 0.0
    """Seconds that the load itself was late at most, which are no fault of the daemon."""

    @property
    def failed(self) -> int:
        return sum(tally.failed for tally in self.tallies.values())

    @property
    def closed(self) -> int:
        """Connections that the daemon ended, however politely."""
        return sum(tally.closed + tally.told + tally.reset for tally in self.tallies.values())

    def lines(self) -> list[str]:
        """For people."""
        return [
            f"  (the load itself was late by {self.late * 1e3:.1f} ms at most)",
            *(
                f"  {name:10} p50 {_shown(tally, 0.5)}, p99 {_shown(tally, 0.99)}, "
                f"max {tally.waits.longest * 1e3:.2f} ms; {tally}"
                for name, tally in self.tallies.items()
            ),
        ]

    def data(self) -> dict[str, Any]:
        return {
            name: tally.data() | {"p50": tally.waits.quantile(0.5), "p99": tally.waits.quantile(0.99)}
            for name, tally in self.tallies.items()
        }


@dataclass(slots=True)
class Loading:
    """A load under way."""

    process: subprocess.Popen[bytes]
    _is_ending: bool = False
    _ended: dict[str, Phase] = field(default_factory=dict)

    def wait_for_begin(self) -> None:
        """Return once every connection is open."""
        self._hear()

    def phase(self, name: str) -> None:
        """Count under `name` what is asked from now on; a name may come again."""
        self._say(f"phase {name}")
        self._hear()

    def ask_no_more(self) -> None:
        """Let the last answers come."""
        if not self._is_ending:
            self._is_ending = True
            self._say("end")

    def end(self) -> dict[str, Phase]:
        """Wait for the last answers: what became of all, by the names of the phases."""
        if not self._ended:
            self.ask_no_more()
            self._ended = {
                name: Phase({each: Tally.of(data) for each, data in one["tallies"].items()}, one["late"])
                for name, one in self._hear().items()
            }
        return self._ended

    def processor(self) -> float:
        """Seconds of processor time so far."""
        return cpu_seconds(self.process.pid)

    def _say(self, command: str) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{command}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise BenchmarkError("the load has given up by itself") from None

    def _hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise BenchmarkError("the load has given up by itself")
        heard: dict[str, Any] = json.loads(line)
        return heard


@contextmanager
def loading(plan: Plan, core: int | None) -> Iterator[Loading]:
    """Ask as `plan` says, as long as the block lasts."""
    with companion("operations.load", json.dumps(asdict(plan)), core=core) as process:
        load = Loading(process)
        load.wait_for_begin()
        yield load


def together(phases: Mapping[str, Phase], beginning: str) -> Phase:
    """All phases whose name begins so, as one."""
    tallies: dict[str, Tally] = {}
    late = 0.0
    for name, phase in phases.items():
        if name.startswith(beginning):
            late = max(late, phase.late)
            for each, tally in phase.tallies.items():
                tallies.setdefault(each, Tally()).add(tally)
    return Phase(tallies, late)


def _shown(tally: Tally, share: float) -> str:
    return f"{tally.waits.quantile(share) * 1e3:.2f} ms"
