"""Files of hashed passwords or tokens, read again when they change."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Generic, TypeVar

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

T = TypeVar("T")

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at a file: soon enough for people, and no system call per request."""

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a file: a hundred thousand accounts, and not a device that never ends."""

WIDE: Final = stat.S_IWGRP | stat.S_IRWXO
"""Permissions that a file of hashes should not have: they can be guessed at by whoever reads them."""

log = Logger(namespace="polyport")

Signature = tuple[int, int, int]


class CredentialFile(Generic[T]):
    """What `parse` makes of a file, kept up to date.

    A file that cannot be read, or is not what it should be, is logged; what was there before stays valid.

    Raises :class:`OSError` and what `parse` raises, a :class:`ValueError` that shows no hash, where it is
    made.
    """

    def __init__(self, path: Path, parse: Callable[[str], T], clock: IReactorTime) -> None:
        self._path = path
        self._parse = parse
        self._clock = clock
        self._looked_at = clock.seconds()
        self._signature: Signature | None = None
        self._content = self._read()

    def content(self) -> T:
        """What the file says, as of :data:`LOOK_EVERY` seconds ago at the most."""
        now = self._clock.seconds()
        if now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            self._look()
        return self._content

    def _look(self) -> None:
        try:
            if _signature(self._path.stat()) != self._signature:
                self._content = self._read()
                log.info("{file} has changed, and was read again", file=self._path)
        except ValueError as error:
            self._complain(str(error))
        except OSError as error:
            if self._signature is not None:  # of what is not there, one line is enough
                self._signature = None
                self._complain(error.strerror or type(error).__name__)

    def _complain(self, why: str) -> None:
        log.warn("{file}: {why}; what it said before stays valid", file=self._path, why=why)

    def _read(self) -> T:
        text, found = read_text(self._path)
        self._signature = _signature(found)
        if found.st_mode & WIDE:
            mode = stat.S_IMODE(found.st_mode)
            log.warn(
                "{file} has mode {mode}: others should not be able to read it; try: chmod 640",
                file=self._path,
                mode=f"{mode:04o}",
            )
        return self._parse(text)


def read_text(path: Path) -> tuple[str, os.stat_result]:
    """The text of a credential file, and what the system knows of it.

    Raises :class:`OSError`, and :class:`ValueError` if it is too long or no UTF-8.
    """
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        octets = file.read(LARGEST + 1)
    if len(octets) > LARGEST:
        raise ValueError(f"the file has more than {LARGEST} bytes")
    try:
        return octets.decode(), found
    except UnicodeDecodeError as error:
        raise ValueError(f"the file is not UTF-8: byte {error.start} is wrong") from None


def entries(text: str) -> Iterator[tuple[int, str, str]]:
    """Every ``name:hash`` of a credential file, with the number of its line; empty lines and those that
    begin with ``#`` are none.

    Raises :class:`ValueError`, which shows no hash, for a line that is neither, and for a name that comes
    twice.
    """
    seen: set[str] = set()
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, colon, hashed = line.partition(":")
        if not colon or not name:
            raise ValueError(f"line {number} is not of the form name:hash")
        if not name.isprintable():
            raise ValueError(f"line {number}: the name holds a character that cannot be printed")
        if name in seen:
            raise ValueError(f"line {number}: {name} is there twice")
        seen.add(name)
        yield number, name, hashed


def _signature(found: os.stat_result) -> Signature:
    return found.st_mtime_ns, found.st_size, found.st_ino
