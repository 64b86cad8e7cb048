"""The small services every inetd has: echo, discard, daytime, time, chargen and quote of the day.

Each behaves over streams and over datagrams as its RFC says, so each is a pair of handlers.  Two servers
of this kind can be made to answer each other for ever by one datagram with a forged sender; so none of
them answers a datagram that comes from the port of such a service.
"""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from protocols.handlers.quiet_session import QuietSession
from protocols.session import Connection, Handler, Session

UNIX_EPOCH_IN_RFC868 = 2_208_988_800
"""Seconds from 1900-01-01 to 1970-01-01 (RFC 868)."""

DATAGRAM_TEXT = 512
"""Characters of the longest text in one datagram (RFC 864, RFC 865)."""

LOOP_PORTS: Final = frozenset({7, 9, 13, 17, 19, 37})
"""The ports of echo, discard, daytime, qotd, chargen and time."""

CHARGEN_LINES_PER_TURN = 128
"""Lines sent before the peer's reading is asked about."""

_PRINTABLE = bytes(range(33, 127))
_RING = _PRINTABLE + _PRINTABLE
CHARGEN_LINES: Final = tuple(_RING[start : start + 72] + b"\r\n" for start in range(len(_PRINTABLE)))
"""The lines of RFC 864's popular pattern: 72 of the printing characters, each line one further."""

QUOTES: Final = (
    b"Be conservative in what you do, be liberal in what you accept from others. (RFC 793)\r\n",
    b"It is easier to move a problem around than it is to solve it. (RFC 1925)\r\n",
    b"With sufficient thrust, pigs fly just fine. (RFC 1925)\r\n",
    b"We reject: kings, presidents and voting. We believe in: rough consensus and running code.\r\n",
    b"In protocol design, perfection has been reached when there is nothing left to take away.\r\n",
)
"""What the quote of the day is chosen from unless a file is given."""


@dataclass(frozen=True, slots=True)
class Builtin:
    """One service, for each kind of carrier."""

    stream: Handler
    datagram: Handler


class _Echo(QuietSession):
    def received(self, message: bytes) -> None:
        self.connection.send(message)


class _Chargen(QuietSession):
    """Characters until the peer has had enough, at the speed it reads (RFC 864)."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._next = 0
        self._writable = True
        self._over = False
        self._producing = False

    def started(self) -> None:
        if self._producing:
            return
        self._producing = True
        while self._writable and not self._over:
            stop = self._next + CHARGEN_LINES_PER_TURN
            lines = (CHARGEN_LINES[i % len(CHARGEN_LINES)] for i in range(self._next, stop))
            self._next = stop % len(CHARGEN_LINES)
            self.connection.send(b"".join(lines))
        self._producing = False

    def ended(self, error: Exception | None) -> None:
        self._over = True
        super().ended(error)

    def closed(self, reason: Exception | None) -> None:
        self._over = True

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self.started()


class _Simple:
    """A handler whose sessions are of one class."""

    def __init__(self, session: Callable[[Connection], Session]) -> None:
        self._session = session

    def open(self, connection: Connection) -> Session:
        return self._session(connection)


class _Greeting(QuietSession):
    """Says one thing to whoever connects, whatever they send, and closes."""

    def __init__(self, connection: Connection, text: Callable[[], bytes]) -> None:
        super().__init__(connection)
        self._text = text

    def started(self) -> None:
        self.connection.send(self._text())
        self.connection.close()


class _Answer(QuietSession):
    """Answers a datagram, unless it comes from a service that would answer back."""

    def __init__(self, connection: Connection, answer: Callable[[bytes], bytes]) -> None:
        super().__init__(connection)
        self._answer = answer

    def received(self, message: bytes) -> None:
        if self.connection.peer.port not in LOOP_PORTS:
            self.connection.send(self._answer(message))


def _answering(answer: Callable[[bytes], bytes]) -> Handler:
    return _Simple(lambda connection: _Answer(connection, answer))


def _greeting(text: Callable[[], bytes]) -> Handler:
    return _Simple(lambda connection: _Greeting(connection, text))


def _said(text: Callable[[], bytes]) -> Builtin:
    return Builtin(_greeting(text), _answering(lambda _: text()[:DATAGRAM_TEXT]))


def daytime_text() -> bytes:
    """The date and time, in UTC, as one line (RFC 867 leaves the form to us: RFC 3339's)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ\r\n", time.gmtime()).encode("ascii")


def time_value() -> bytes:
    """Seconds since 1900 as 32 bits, which wrap in 2036 (RFC 868)."""
    return struct.pack("!L", (int(time.time()) + UNIX_EPOCH_IN_RFC868) & 0xFFFFFFFF)


def _some_characters(_: bytes) -> bytes:
    """Between 0 and 512 characters (RFC 864)."""
    start = random.randrange(len(CHARGEN_LINES))  # noqa: S311 - nothing secret
    lines = b"".join(CHARGEN_LINES[start:] + CHARGEN_LINES[:start])
    return lines[: random.randint(0, DATAGRAM_TEXT)]  # noqa: S311


def quote_of_the_day(quotes: Sequence[bytes] = QUOTES) -> Builtin:
    """A quote chosen at random (RFC 865) from `quotes`."""
    return _said(lambda: random.choice(quotes))  # noqa: S311


def quotes_in(text: bytes) -> tuple[bytes, ...]:
    """The quotes in a file of the fortune program's form: separated by lines of one ``%``.

    Line endings become CRLF.  Raises :class:`ValueError` if there are none.
    """
    lines = text.replace(b"\r\n", b"\n").split(b"\n")
    quotes: list[list[bytes]] = [[]]
    for line in lines:
        if line == b"%":
            quotes.append([])
        else:
            quotes[-1].append(line)
    found = [b"\r\n".join(quote).strip() + b"\r\n" for quote in quotes if any(quote)]
    if not found:
        raise ValueError("there are no quotes in the file")
    return tuple(found)


BUILTINS: Final[dict[str, Builtin]] = {
    "echo": Builtin(_Simple(_Echo), _answering(lambda message: message)),
    "discard": Builtin(_Simple(QuietSession), _Simple(QuietSession)),
    "daytime": _said(daytime_text),
    "time": Builtin(_greeting(time_value), _answering(lambda _: time_value())),
    "chargen": Builtin(_Simple(_Chargen), _answering(_some_characters)),
    "qotd": quote_of_the_day(),
}
"""By name: RFC 862, 863, 867, 868, 864 and 865."""
