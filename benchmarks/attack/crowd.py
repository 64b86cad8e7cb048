"""Many connections that are held open: ``python -m attack.crowd PLAN``, a process of its own.

The plan is a JSON object of the fields of :class:`Plan`.  When all are open it prints a line of JSON, and
another for each line it reads; it ends with its standard input.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass

HOST = "127.0.0.1"
PATIENCE = 10.0
# Those that trickle do not do so all at once.
SHIFTS = 50
# By a socket that is read from by nobody.
SMALL_BUFFER = 4096


@dataclass(frozen=True, slots=True)
class Plan:
    """What each of them does."""

    port: int
    count: int
    each: int = 50
    """Connections of one source."""
    first: str = ""
    """What it says at once (latin-1)."""
    drip: str = ""
    """What it says after that, a byte a second."""
    torrent: str = ""
    """What it says again and again, as long as it is taken."""
    reads: bool = True
    """Whether it takes what comes."""


@dataclass(frozen=True, slots=True)
class State:
    """What has become of them."""

    open: int
    failed: int
    """Those that could not be opened."""
    ends: list[float]
    """Seconds after which those that were ended were, shortest first."""


class Crowd:
    """The connections of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._poller = select.epoll()
        self._members: dict[int, socket.socket] = {}
        self._opened_at: dict[int, float] = {}
        self._said: dict[int, int] = {}
        self._ends: list[float] = []
        self._failed = 0
        self._shift = 0

    def gather(self) -> None:
        """Open them all."""
        for number in range(self._plan.count):
            try:
                self._open(number)
            except OSError:
                self._failed += 1
            if number % 100 == 99:
                self._watch(0)

    def state(self) -> State:
        return State(len(self._members), self._failed, sorted(self._ends))

    def stay(self) -> None:
        """Do what the plan says until nobody wants to hear of it."""
        self._poller.register(sys.stdin.fileno(), select.EPOLLIN)
        due = time.monotonic()
        while self._watch(max(0.0, due - time.monotonic())):
            now = time.monotonic()
            if now >= due:
                due = max(due + 1 / SHIFTS, now)
                if self._plan.drip:
                    self._trickle()

    def _open(self, number: int) -> None:
        plan = self._plan
        place = number // plan.each
        member = socket.socket()
        member.settimeout(PATIENCE)
        if not plan.reads:
            member.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        member.bind((f"127.{10 + place // 50_000}.{place // 250 % 200}.{1 + place % 250}", 0))
        member.connect((HOST, plan.port))
        if plan.first:
            member.sendall(plan.first.encode("latin-1"))
        member.setblocking(False)
        number = member.fileno()
        self._members[number] = member
        self._opened_at[number] = time.monotonic()
        self._said[number] = 0
        events = select.EPOLLIN if plan.reads else select.EPOLLRDHUP
        self._poller.register(number, events | (select.EPOLLOUT if plan.torrent else 0))

    def _watch(self, seconds: float) -> bool:
        """Note who was ended, and whether to go on."""
        for number, event in self._poller.poll(seconds):
            if number == sys.stdin.fileno():
                if not os.read(number, 4096):
                    return False
                say(self.state())
                continue
            member = self._members[number]
            try:
                if event & (select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP):
                    self._ended(number)
                elif event & select.EPOLLIN and self._plan.reads:
                    if not member.recv(65_536):
                        self._ended(number)
                elif event & select.EPOLLOUT:
                    member.send(self._plan.torrent.encode("latin-1"))
            except BlockingIOError:
                pass
            except OSError:
                self._ended(number)
        return True

    def _trickle(self) -> None:
        """A byte from each of those whose turn it is."""
        drip = self._plan.drip.encode("latin-1")
        self._shift = (self._shift + 1) % SHIFTS
        for number in [each for each in self._members if each % SHIFTS == self._shift]:
            said = self._said[number]
            self._said[number] = said + 1
            try:
                self._members[number].send(drip[said % len(drip) :][:1])
            except BlockingIOError:
                pass
            except OSError:
                self._ended(number)

    def _ended(self, number: int) -> None:
        self._members.pop(number).close()
        self._ends.append(time.monotonic() - self._opened_at[number])


def say(state: State) -> None:
    print(json.dumps(asdict(state)), flush=True)


if __name__ == "__main__":
    crowd = Crowd(Plan(**json.loads(sys.argv[1])))
    crowd.gather()
    say(crowd.state())
    crowd.stay()
