"""A constant load on several services at once: ``python -m operations.load PLAN``, a process of its own.

The plan is a JSON object of the fields of :class:`Plan`.  What is due is asked when it is due, whether or
not answers have come (an open loop), so a daemon that stands still is asked all the same.  Lines that it
reads: ``phase NAME`` names what is asked from now on, and is confirmed by a line when everybody may rely on
it; ``end`` waits for the last answers, prints what became of every question, and ends.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from operations.datagram_client import Datagrams
from operations.line_clients import Lines, ShortLines
from operations.question import Client, Now
from operations.tally import Tally
from operations.web_client import Web
from operations.websocket_client import WebSockets

# Seconds between two looks at what is due.
TICK = 0.001


@dataclass(frozen=True, slots=True)
class Plan:
    """Who asks what."""

    ports: Mapping[str, int]
    """By the names of services."""
    rates: Mapping[str, float]
    """Questions a second, by the names of :data:`CLIENTS`."""
    connections: int = 16
    """Of each that keeps them."""


CLIENTS: dict[str, Callable[[Plan, Now], Client]] = {
    "lines": lambda plan, now: Lines(plan.ports["lines"], plan.connections, now),
    "new lines": lambda plan, now: ShortLines(plan.ports["lines"], now),
    "web": lambda plan, now: Web(plan.ports["web"], plan.connections, now),
    "slow web": lambda plan, now: Web(plan.ports["web"], plan.connections, now, b"/slow"),
    "websocket": lambda plan, now: WebSockets(plan.ports["live"], plan.connections, now),
    "datagrams": lambda plan, now: Datagrams(plan.ports["datagrams"], now),
}
"""Everybody who asks."""


class Load:
    """All clients of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._phase = "before"
        self._tallies: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
        self._clients = [
            (CLIENTS[name](plan, partial(self._now, name)), rate) for name, rate in plan.rates.items()
        ]
        self._latest: dict[str, float] = defaultdict(float)
        self._commands: asyncio.Queue[str] = asyncio.Queue()

    def _now(self, name: str) -> Tally:
        return self._tallies[self._phase][name]

    async def run(self) -> None:
        """Ask until it is told to end."""
        for client, _ in self._clients:
            await client.start()
        # What is here now stays, and what comes is small: nothing is to be measured but answers.
        gc.collect()
        gc.freeze()
        gc.disable()
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._hear)
        say({"begun": True})
        pacer = asyncio.create_task(self._pace())
        while (command := await self._commands.get()) not in ("end", ""):
            self._phase = command.removeprefix("phase ")
            say({"phase": self._phase})
        pacer.cancel()
        await asyncio.gather(pacer, return_exceptions=True)
        await asyncio.gather(*(client.stop() for client, _ in self._clients))
        say(self._account())

    def _hear(self) -> None:
        self._commands.put_nowait(sys.stdin.readline().strip())

    async def _pace(self) -> None:
        begun = time.perf_counter()
        asked = [0] * len(self._clients)
        due = begun
        while True:
            now = time.perf_counter()
            self._latest[self._phase] = max(self._latest[self._phase], now - due)
            for index, (client, rate) in enumerate(self._clients):
                for _ in range(int((now - begun) * rate) - asked[index]):
                    client.ask()
                    asked[index] += 1
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)

    def _account(self) -> dict[str, Any]:
        return {
            phase: {
                "late": self._latest[phase],
                "tallies": {name: tally.data() for name, tally in tallies.items()},
            }
            for phase, tallies in self._tallies.items()
        }


def say(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    asyncio.run(Load(Plan(**json.loads(sys.argv[1]))).run())
