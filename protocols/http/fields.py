"""Names and values, in order, where a name may come more than once: headers and queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl

from protocols.http.errors import HTTPError


class Fields:
    """Pairs of a name and a value.  Immutable, iterated as pairs."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)

    def all(self, name: str) -> list[str]:
        """Every value of `name`, in order."""
        return [value for other, value in self._pairs if other == name]

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of `name`, or `default`."""
        values = self.all(name)
        return values[0] if values else default

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: str) -> bool:
        return bool(self.all(name))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._pairs == self._pairs

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self._pairs)!r})"


class Headers(Fields):
    """Header fields: names in any case, values as text (bytes above 127 as Latin-1)."""

    __slots__ = ("_by_name", "_octets")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(pairs)
        self._octets: Sequence[tuple[bytes, bytes]] | None = None
        self._by_name: dict[str, list[str]] | None = None

    @classmethod
    def of_octets(cls, fields: Sequence[tuple[bytes, bytes]]) -> Headers:
        """The fields as they came over the wire; nothing is decoded until somebody asks."""
        headers = cls.__new__(cls)
        headers._octets = fields
        headers._by_name = None
        return headers

    def all(self, name: str) -> list[str]:
        return list(self._index().get(name.lower(), ()))

    def get(self, name: str, default: str | None = None) -> str | None:
        """The values of `name` joined by commas (RFC 9110, section 5.3), or `default`."""
        values = self._index().get(name.lower())
        return ", ".join(values) if values else default

    def octets(self) -> Sequence[tuple[bytes, bytes]]:
        """Names in lower case and values, as bytes."""
        if self._octets is None:
            self._octets = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in self]
        return self._octets

    def _decoded(self) -> tuple[tuple[str, str], ...]:
        try:
            return self._pairs
        except AttributeError:
            assert self._octets is not None
            decoded = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._octets]
            self._pairs = tuple(decoded)
            return self._pairs

    def _index(self) -> dict[str, list[str]]:
        if self._by_name is None:
            self._by_name = {}
            for name, value in self._decoded():
                self._by_name.setdefault(name.lower(), []).append(value)
        return self._by_name

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._decoded())

    def __len__(self) -> int:
        return len(self._decoded())

    def __eq__(self, other: object) -> bool:
        return type(other) is Headers and other._decoded() == self._decoded()

    def __hash__(self) -> int:
        return hash(self._decoded())

    def __repr__(self) -> str:
        # Values may be credentials, and a repr ends up in logs.
        return f"Headers({[name for name, _ in self]!r})"


QUERY_FIELDS: Final = 1000
"""Fields of a query: more than any form has, and few enough to be read in no time."""


class Query(Fields):
    """The query of a URL, decoded as a form is; ``str()`` of it is the text as it came.

    Reading one of more than :data:`QUERY_FIELDS` fields raises :class:`~protocols.http.HTTPError` (400).
    """

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text
        if not text:
            self._pairs = ()

    def __getattr__(self, name: str) -> tuple[tuple[str, str], ...]:
        # Asked for only once, and only where somebody reads the query: most routes never do.
        if name != "_pairs":
            raise AttributeError(name)
        try:
            pairs = parse_qsl(self._text, keep_blank_values=True, max_num_fields=QUERY_FIELDS)
        except ValueError:
            raise HTTPError(400, f"The query has more than {QUERY_FIELDS} fields") from None
        self._pairs = tuple(pairs)
        return self._pairs

    def __str__(self) -> str:
        return self._text
