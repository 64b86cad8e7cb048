"""The clients of a shared program, and what comes from them."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from typing import Any, Final

from protocols.shared_program.events import (
    Close,
    End,
    Event,
    Message,
    Open,
    Peer,
    Ready,
    Slow,
    Tick,
)

PIECE: Final = 64 * 1024
"""Bytes read at a time."""

_STDIN, _STDOUT = 0, 1


class Client:
    """One client; what is sent to it leaves before more is read.

    .. attribute:: slow

       Whether it does not read what it was sent.

    .. attribute:: data

       Yours: what the program remembers of it.
    """

    __slots__ = ("_clients", "data", "id", "peer", "slow")

    def __init__(self, clients: Clients, number: int, peer: Peer) -> None:
        self._clients = clients
        self.id = number
        self.peer = peer
        self.slow = False
        self.data: Any = None

    def send(self, message: str | bytes) -> None:
        """Send it a message: ``str`` as text, ``bytes`` as they are."""
        self._clients.send(message, to=self)

    def close(self, reason: str = "") -> None:
        """Close it, once it has what it was sent."""
        self._clients.close(self, reason)

    def __str__(self) -> str:
        peer = self.peer
        return (
            f"{peer.transport}://{peer.host}:{peer.port}" if peer.port else f"{peer.transport}://{peer.host}"
        )


class Clients:
    """All clients; iterate it for what they do, until the service ends.

    Standard output belongs to Polyport: ``print`` writes to the log from now on.

    :param tick: seconds after which, again and again, a :class:`Tick` comes.
    """

    def __init__(self, tick: float = 0.0) -> None:
        self._clients: dict[int, Client] = {}
        self._tick = tick
        self._output: list[str] = []
        self._begun = b""
        sys.stdout.flush()
        sys.stdout = sys.stderr

    def __len__(self) -> int:
        return len(self._clients)

    def __contains__(self, client: object) -> bool:
        return isinstance(client, Client) and self._clients.get(client.id) is client

    def send(
        self,
        message: str | bytes,
        to: Client | Iterable[Client] | None = None,
        but: Client | Iterable[Client] | None = None,
    ) -> None:
        """Send `message` to one client, to several, or to all, except those of `but`."""
        whom: object = "all" if to is None else _numbers(to)
        action: dict[str, object] = {"send": whom}
        if isinstance(message, str):
            action["text"] = message
        else:
            action["base64"] = b64encode(message).decode()
        if but is not None:
            action["but"] = _numbers(but)
        self._output.append(json.dumps(action, ensure_ascii=False))

    def close(self, client: Client | Iterable[Client] | None = None, reason: str = "") -> None:
        """Close one client, several, or all."""
        whom: object = "all" if client is None else _numbers(client)
        self._output.append(json.dumps({"close": whom, "reason": reason}, ensure_ascii=False))

    def flush(self) -> None:
        """Have what was sent leave now; otherwise it does before more is read."""
        if self._output:
            left = memoryview("".join(f"{line}\n" for line in self._output).encode("utf-8", "replace"))
            self._output.clear()
            while left:
                left = left[os.write(_STDOUT, left) :]

    def __iter__(self) -> Iterator[Event]:
        due = time.monotonic() + self._tick
        while True:
            self.flush()
            if self._tick:
                wait = due - time.monotonic()
                if wait <= 0 or not select.select([_STDIN], [], [], wait)[0]:
                    due += self._tick
                    yield Tick()
                    continue
            data = os.read(_STDIN, PIECE)
            if not data:
                return
            *lines, self._begun = (self._begun + data).split(b"\n")
            for line in lines:
                yield self._event(json.loads(line))

    def _event(self, said: dict[str, Any]) -> Event:
        if "message" in said:
            coded = said.get("base64")
            return Message(
                self._clients[said["message"]], said["text"] if coded is None else b64decode(coded)
            )
        if "open" in said:
            number = said["open"]
            client = self._clients[number] = Client(self, number, Peer(**said["peer"]))
            return Open(client)
        if "close" in said:
            return Close(self._clients.pop(said["close"]), said["reason"])
        if "end" in said:
            return End(self._clients[said["end"]])
        client = self._clients[said["slow"] if "slow" in said else said["ready"]]
        client.slow = "slow" in said
        return Slow(client) if client.slow else Ready(client)


def _numbers(clients: Client | Iterable[Client]) -> object:
    return clients.id if isinstance(clients, Client) else [client.id for client in clients]
