"""A round of everything: ``python -m operations.life PLACES``, a process of its own.

It reads lines of JSON, each a mapping from kinds of services to the connections and messages of a round,
and prints one for each when all has been answered: what went wrong, and how many datagrams were lost so far.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from operations.datagram_exchanges import DATAGRAMS, lost
from operations.exchanges import STREAMS, Exchange, Places
from operations.web_exchanges import WEB

EXCHANGES: dict[str, Exchange] = STREAMS | DATAGRAMS | WEB
# Connections of a kind at a time.
BESIDE = 4


async def kind_of(exchange: Exchange, places: Places, connections: int, messages: int) -> None:
    """So many connections, a few at a time, which share the messages evenly."""
    left = list(range(connections))

    async def some() -> None:
        while left:
            number = left.pop()
            share = messages // connections + (number < messages % connections)
            await exchange(places, share)

    await asyncio.gather(*(some() for _ in range(BESIDE)))


async def one_round(places: Places, numbers: dict[str, tuple[int, int]]) -> str:
    """What went wrong; nothing, mostly."""
    tasks = {
        name: asyncio.create_task(kind_of(EXCHANGES[name], places, *each)) for name, each in numbers.items()
    }
    await asyncio.wait(tasks.values())
    wrong = [f"{name}: {error!r}" for name, task in tasks.items() if (error := task.exception())]
    return "; ".join(wrong)


def main(ports: dict[str, int], folder: str) -> None:
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            asked = json.loads(line)
            places = Places(ports, Path(folder), asked["version"])
            wrong = runner.run(one_round(places, asked["numbers"]))
            print(json.dumps({"wrong": wrong, "lost": dict(lost)}), flush=True)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
