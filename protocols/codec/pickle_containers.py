"""Filling dicts and sets with the peer's keys, at a cost that the peer cannot inflate."""

from __future__ import annotations

from typing import Final

from protocols.codec.contract import DecodeError, Fault
from protocols.codec.plain_value import KEY, TEXTS, check

MAX_COLLISIONS: Final = 32
"""Different keys with one hash in one container.  Hashes of numbers are not secret: the multiples
of 2**61 - 1 all hash to 0, and filling a dict with n of them takes n**2 steps.  Honest data has a
handful at most (hash(-1) == hash(-2)).  Text is left out: its hashes are keyed."""


def refused(message: str, kind: str = "pickle_refused") -> DecodeError:
    """The error for a pickle that can be read but asks for something that is not given."""
    return DecodeError.invalid(Fault("", f"The pickle is refused: {message}", kind))


class KeyedContainers:
    """Adds keys to the containers of one pickle, and remembers the hashes of each."""

    __slots__ = ("_hashes",)

    def __init__(self) -> None:
        # The container is kept beside its counts, so that its id cannot be given to another.
        self._hashes: dict[int, tuple[object, dict[int, int]]] = {}

    def put(self, target: dict[object, object], key: object, value: object) -> None:
        """``target[key] = value``; raises :class:`DecodeError` if `key` is no fit key."""
        self._admit(target, key)
        target[key] = value

    def add(self, target: set[object], member: object) -> None:
        """``target.add(member)``; raises :class:`DecodeError` if `member` is no fit member."""
        self._admit(target, member)
        target.add(member)

    def _admit(self, target: dict[object, object] | set[object], key: object) -> None:
        if type(key) in TEXTS:
            return
        try:
            check(key, KEY)
            code = hash(key)
        except (TypeError, ValueError):
            raise refused("a key or member is too large or cannot be hashed") from None
        _, counts = self._hashes.setdefault(id(target), (target, {}))
        count = counts.get(code, 0)
        if count and key in target:
            return
        if count >= MAX_COLLISIONS:
            raise refused("too many keys or members share one hash")
        counts[code] = count + 1
