"""Where a key's cells are in a table that is far smaller than the number of keys there may be.

A *count-min sketch* (G. Cormode and S. Muthukrishnan, "An improved data stream summary: the count-min sketch
and its applications", 2005): each key has one cell in each of a few rows, which it shares with others, and
what is known of it is the least of what its cells say.  That may be too much, where others have all of its
cells, and is never too little.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, TypeAlias

ROWS: Final = 4
"""Cells of each key.  Others have to be in all of them before anything is said of a key that is not so."""

COLUMNS: Final = 2**18
"""Cells of a row.  With 100,000 keys, two in three cells are empty: a key in a hundred is taken for one more
than it is, and one in 300 million for three more (the fourth powers of what a Poisson distribution with a
mean of 0.38 has above that)."""

REMEMBERED: Final = 8192
"""Keys whose cells are remembered; then they are found out anew, which takes a microsecond."""

SECRET: Final = 16
"""Bytes of what the cells of a key depend on besides the key, or whoever may choose addresses could choose
them so that somebody else's cells are theirs."""

Cells: TypeAlias = tuple[int, int, int, int]
"""Indices into a table of :data:`ROWS` times :data:`COLUMNS`, one in each row."""


class Sketch:
    """Finds the cells of the keys of one name, the same in every process that has the `secret`.

    :param name: what is kept of the keys: they have other cells under another name.
    """

    def __init__(self, secret: bytes, name: str) -> None:
        self._secret = secret
        self._prefix = name.encode() + b"\0"
        self._known: dict[str, Cells] = {}

    def cells(self, key: str) -> Cells:
        """The cells of `key`."""
        try:
            return self._known[key]
        except KeyError:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            cells = self._known[key] = self._find(key)
            return cells

    def _find(self, key: str) -> Cells:
        digest = blake2b(self._prefix + key.encode(), digest_size=16, key=self._secret).digest()
        a, b, c, d = (
            row * COLUMNS + int.from_bytes(digest[4 * row : 4 * row + 4], "little") % COLUMNS
            for row in range(ROWS)
        )
        return a, b, c, d
