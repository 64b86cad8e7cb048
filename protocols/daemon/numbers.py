"""Numbers for things, by which others can name them."""

from __future__ import annotations

from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

Numbered = TypeVar("Numbered")


class Numbers(Generic[Numbered]):
    """Numbers from 1 on, each given when somebody asks, and never to another.  They keep nothing alive."""

    def __init__(self) -> None:
        self._numbers: WeakKeyDictionary[Numbered, int] = WeakKeyDictionary()
        self._last = 0

    def of(self, one: Numbered) -> int:
        """The number of `one`, which it keeps."""
        number = self._numbers.get(one)
        if number is None:
            self._last = number = self._last + 1
            self._numbers[one] = number
        return number

    def known(self, one: Numbered) -> int | None:
        """The number of `one`, if anybody has asked for it."""
        return self._numbers.get(one)
