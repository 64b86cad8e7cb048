"""Names and values, in order, where a name may come more than once: headers and queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl


class Fields:
    """Pairs of a name and a value.  Immutable, iterated as pairs."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)

    def all(self, name: str) -> list[str]:
        """Every value of `name`, in order."""
        key = self._key(name)
        return [value for other, value in self._pairs if self._key(other) == key]

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

    @staticmethod
    def _key(name: str) -> str:
        return name


class Headers(Fields):
    """Header fields: names in any case, values as text (bytes above 127 as Latin-1)."""

    __slots__ = ()

    def get(self, name: str, default: str | None = None) -> str | None:
        """The values of `name` joined by commas (RFC 9110, section 5.3), or `default`."""
        values = self.all(name)
        return ", ".join(values) if values else default

    def __repr__(self) -> str:
        # Values may be credentials, and a repr ends up in logs.
        return f"Headers({[name for name, _ in self]!r})"

    @staticmethod
    def _key(name: str) -> str:
        return name.lower()


class Query(Fields):
    """The query of a URL, decoded as a form is; ``str()`` of it is the text as it came."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        super().__init__(parse_qsl(text, keep_blank_values=True) if text else ())
        self._text = text

    def __str__(self) -> str:
        return self._text
