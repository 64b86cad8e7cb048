"""Publishers that remember what they were told was kept."""

from __future__ import annotations

import re
import socket
from collections import deque
from threading import Thread

from operations.question import HOST

UNDER_WAY = 16
"""Messages that one of them has not heard of yet, at most."""

PATIENCE = 10.0
SAID = re.compile(rb"OK (\d+)\b")


class Publisher(Thread):
    """Publishes by the line protocol as fast as it is answered, until the connection is gone.

    What was under way when the connection before was lost is published again, with the same ids.

    .. attribute:: kept

       The seq of each message that was acknowledged, by id.

    .. attribute:: wrong

       Answers that are none.
    """

    def __init__(self, name: str, port: int, before: Publisher | None = None) -> None:
        super().__init__(name=name)
        self.kept: dict[str, int] = dict(before.kept) if before else {}
        self.wrong: list[bytes] = []
        self._port = port
        self._number = before._number if before else 0
        self._again = list(before._asked) if before else []
        self._asked: deque[str] = deque()

    def run(self) -> None:
        """Publish until nobody answers."""
        try:
            with socket.create_connection((HOST, self._port), PATIENCE) as connection:
                connection.settimeout(PATIENCE)
                with connection.makefile("rb") as answers:
                    while True:
                        self._ask(connection)
                        self._hear(answers.readline())
        except OSError:
            # That is how each of them ends; of what is in `_asked` nobody knows.
            self._asked.extend(each for each in self._again if each not in self._asked)

    def _ask(self, connection: socket.socket) -> None:
        lines = b""
        while len(self._asked) < UNDER_WAY:
            if self._again:
                name = self._again.pop(0)
            else:
                self._number += 1
                name = f"{self.name}-{self._number}"
            self._asked.append(name)
            lines += b"PUB log id=%b body of %b\n" % (name.encode(), name.encode())
        connection.sendall(lines)

    def _hear(self, line: bytes) -> None:
        if not line.endswith(b"\n"):
            raise ConnectionError("the connection is over")
        if said := SAID.match(line):
            self.kept[self._asked.popleft()] = int(said[1])
        else:
            self.wrong.append(line)
            raise ConnectionError("no acknowledgement")
