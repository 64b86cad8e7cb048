"""The small files that were asked for last."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from protocols.http.routes.files.kept import Kept

MEMORY: Final = 32 * 1024 * 1024
"""Bytes that one route keeps: the whole of most web sites, and nothing that a machine would notice."""


class Memory:
    """Files by the path that was asked for, those that were asked for last, `limit` bytes of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._files: OrderedDict[str, tuple[Kept, int]] = OrderedDict()
        self.size = 0
        """Bytes of all of them."""

    def get(self, path: str) -> Kept | None:
        """What is kept for `path`."""
        found = self._files.get(path)
        if found is None:
            return None
        self._files.move_to_end(path)
        return found[0]

    def put(self, path: str, kept: Kept) -> None:
        """Keep it, or keep more of it, if there is room; what was not asked for the longest goes."""
        self.drop(path)
        if kept.size > self._limit:
            return
        self._files[path] = (kept, kept.size)
        self.size += kept.size
        while self.size > self._limit:
            _, (_, size) = self._files.popitem(last=False)
            self.size -= size

    def drop(self, path: str) -> None:
        """Forget what is kept for `path`, if anything is."""
        found = self._files.pop(path, None)
        if found is not None:
            self.size -= found[1]

    def __len__(self) -> int:
        return len(self._files)
