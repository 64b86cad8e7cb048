"""Inputs made of others: cut, doubled, swapped, and with what means something where it does not belong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

LONGEST = 20_000
"""Bytes; most faults show in much less."""

NUMBERS = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)


class Mutator:
    """Changes the inputs of `corpus` at random, which is all that `random` decides.

    :param tokens: bytes that mean something, which come often.
    """

    def __init__(self, random: Random, corpus: Sequence[bytes], tokens: Sequence[bytes]) -> None:
        self._random = random
        self._corpus = corpus
        self._tokens = tokens or (b"\0",)
        self._changes: tuple[Callable[[bytearray], None], ...] = (
            self._flip,
            self._set,
            self._insert,
            self._insert,
            self._remove,
            self._double,
            self._cut,
            self._splice,
            self._swap,
        )

    def next(self) -> bytes:
        """The next input."""
        data = bytearray(self._random.choice(self._corpus))
        for _ in range(self._random.choice((0, 1, 1, 1, 2, 2, 3, 5, 8))):
            self._random.choice(self._changes)(data)
        return bytes(data[:LONGEST])

    def pieces(self, data: bytes) -> list[bytes]:
        """`data` as it may come: whole, byte by byte, or in pieces of any size."""
        kind = self._random.random()
        if kind < 0.5 or len(data) < 2:
            return [data]
        if kind < 0.55:
            return [data[at : at + 1] for at in range(min(len(data), 300))]
        cuts = sorted(self._random.randrange(1, len(data)) for _ in range(self._random.randint(1, 4)))
        return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    def _place(self, data: bytearray) -> int:
        return self._random.randrange(len(data) + 1)

    def _range(self, data: bytearray) -> tuple[int, int]:
        start = self._place(data)
        return start, min(len(data), start + self._random.choice((1, 2, 4, 8, 64, 1000)))

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)

    def _set(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] = self._random.choice(NUMBERS)

    def _insert(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = self._random.choice(self._tokens)

    def _remove(self, data: bytearray) -> None:
        start, end = self._range(data)
        del data[start:end]

    def _double(self, data: bytearray) -> None:
        start, end = self._range(data)
        data[start:start] = data[start:end] * self._random.choice((1, 1, 2, 10))

    def _cut(self, data: bytearray) -> None:
        del data[self._place(data) :]

    def _splice(self, data: bytearray) -> None:
        other = self._random.choice(self._corpus)
        data[self._place(data) :] = other[self._random.randrange(len(other) + 1) :]

    def _swap(self, data: bytearray) -> None:
        start, end = self._range(data)
        piece = data[start:end]
        del data[start:end]
        place = self._place(data)
        data[place:place] = piece
