"""Passwords by user, hashed with bcrypt, as ``htpasswd -B`` writes them."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

import bcrypt
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from protocols.handlers.threads import ThreadPool
from protocols.http.errors import HTTPError
from protocols.http.policy.credential_file import CredentialFile, entries

LONGEST: Final = 72
"""Bytes of a password: bcrypt looks at no more."""

COST: Final = 12
"""What a new hash costs, as a power of two: a fifth of a second or so."""

MOST_COSTLY: Final = 17
"""What a hash may cost: past that one login takes ten seconds of a core."""

REMEMBERED: Final = 1024
"""Verified logins that are remembered at a time."""

REMEMBERED_FOR: Final = 60.0
"""Seconds a verified login is remembered: a page with all its parts costs one check, and a password that
has leaked from memory would have done so anyway."""

CHECKED: Final = 64
"""Logins that may be checked, or wait for it, at a time; more are told to come back (status 503)."""

THREADS: Final = 2
"""Threads that check: guessing passwords must not take the whole machine."""

_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")


def parse_passwords(text: str) -> Mapping[str, bytes]:
    """The hash of each user in the text of an htpasswd file.

    Raises :class:`ValueError`, with the line and the user, for a hash that is not bcrypt's: the other
    kinds that there are can be guessed by the billion a second.
    """
    found: dict[str, bytes] = {}
    for number, user, hashed in entries(text):
        match = _BCRYPT.fullmatch(hashed)
        if match is None:
            raise ValueError(
                f"line {number}: the password of {user} is not hashed with bcrypt ($2y$…); "
                f"make it anew: polyport user add FILE {user}"
            )
        if not 4 <= int(match[1]) <= MOST_COSTLY:
            cost = f"cost {match[1]}; from 4 to {MOST_COSTLY} are taken"
            raise ValueError(f"line {number}: the password of {user} has {cost}")
        found[user] = hashed.encode("ascii")
    return found


def hash_password(password: str, cost: int = COST) -> str:
    """The hash of `password`.  Raises :class:`ValueError` for one that bcrypt would cut, or is empty."""
    octets = password.encode()
    if not octets:
        raise ValueError("the password is empty")
    if len(octets) > LONGEST:
        raise ValueError(f"the password has {len(octets)} bytes, and bcrypt looks at {LONGEST} only")
    if b"\0" in octets:
        raise ValueError("the password holds a zero byte")
    return bcrypt.hashpw(octets, bcrypt.gensalt(cost)).decode("ascii")


def verify(password: bytes, hashed: bytes) -> bool:
    """Whether `hashed` was made of `password`; takes the same time either way."""
    fits = 0 < len(password) <= LONGEST and b"\0" not in password
    try:
        same = bcrypt.checkpw(password if fits else b"-", hashed)
    except ValueError:  # a salt that is none
        return False
    return same and fits


class Passwords:
    """The users of one file.

    A login is checked in a thread, for that is meant to take long; one that was right is remembered for a
    while, by a keyed hash of it that nothing outside this process could make.

    Raises :class:`OSError` and :class:`ValueError` for a file that cannot be used.
    """

    def __init__(self, file: Path, threads: ThreadPool, clock: IReactorTime) -> None:
        self._file = CredentialFile(file, parse_passwords, clock)
        self._threads = threads
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._right_until: dict[bytes, float] = {}
        self._checking = 0

    def remembers(self, user: str, password: bytes) -> bool:
        """Whether this login was right a short while ago, and the user's password is still the same."""
        hashed = self._file.content().get(user)
        if hashed is None:
            return False
        return self._right_until.get(self._mark(user, password, hashed), 0.0) > self._clock.seconds()

    def check(self, user: str, password: bytes) -> Deferred[bool]:
        """Whether `password` is that of `user`.  One who is not in the file costs the same time.

        Raises :class:`~protocols.http.HTTPError` (503) while too many are being checked.
        """
        if self._checking >= CHECKED:
            raise HTTPError(503, "Too many logins are being checked", {"Retry-After": "1"})
        users = self._file.content()
        known = users.get(user)
        hashed = self._stand_in(user, users) if known is None else known
        self._checking += 1
        checked = self._threads.call(verify, password, hashed)
        return checked.addBoth(self._checked, known and self._mark(user, password, known))

    def _checked(self, outcome: bool, mark: bytes | None) -> bool:
        self._checking -= 1
        if outcome is not True or mark is None:
            return False if outcome is True else outcome
        while len(self._right_until) >= REMEMBERED:
            del self._right_until[next(iter(self._right_until))]
        self._right_until[mark] = self._clock.seconds() + REMEMBERED_FOR
        return True

    def _mark(self, user: str, password: bytes, hashed: bytes) -> bytes:
        # The hash is in it: a changed password makes what was remembered worthless.
        return hmac.digest(self._key, b"\0".join((user.encode(), hashed, password)), "sha256")

    def _stand_in(self, user: str, users: Mapping[str, bytes]) -> bytes:
        """A hash that no password has, as costly as that of some user, and always the same one: costs may
        differ, and must not tell who is there."""
        likes = list(users.values())
        number = int.from_bytes(sha256(self._key + user.encode()).digest()[:8])
        cost = int(likes[number % len(likes)][4:6]) if likes else COST
        return bcrypt.gensalt(cost) + b"." * 31
