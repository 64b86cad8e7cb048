"""Which subject a message of some key has in a stream, and back.

A stream of ours has ``NAME`` for messages without a key, and ``NAME.>`` for the others: the key is what
follows, its dots dividing tokens as they do everywhere in NATS, so that ``pump.3`` is ``NAME.pump.3``.  What
a token cannot hold is percent-encoded (RFC 3986, section 2.1) in UTF-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

NO_KEY: Final = "_"
"""The token of messages without a key, in a stream that has no subject without one."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """The subjects of one stream."""

    bare: str
    """That of messages without a key."""
    prefix: str = ""
    """What those with a key begin with; empty: there is no place for a key in them."""
    dotted: bool = True
    """Whether a key may take several tokens."""

    @classmethod
    def ours(cls, stream: str) -> Subjects:
        """Those of a stream that we make."""
        return cls(stream, f"{stream}.")

    @property
    def patterns(self) -> list[str]:
        """What such a stream listens to."""
        return [self.bare, f"{self.prefix}>"]

    @classmethod
    def of(cls, stream: str, patterns: Sequence[str]) -> Subjects | None:
        """Those of a stream that listens to `patterns`; ``None`` if nothing can be published there."""
        if ">" in patterns:
            return cls.ours(stream)
        for pattern in patterns:
            stem, _, wildcard = pattern.rpartition(".")
            if stem and wildcard in (">", "*") and not _is_pattern(stem):
                bare = stem if stem in patterns else f"{stem}.{NO_KEY}"
                return cls(bare, f"{stem}.", wildcard == ">")
        plain = [pattern for pattern in patterns if not _is_pattern(pattern)]
        return cls(plain[0]) if plain else None

    def subject(self, key: str) -> str:
        """Where a message of that key is published; without a prefix it is the same for all of them."""
        return self.prefix + self._escaped(key) if key and self.prefix else self.bare

    def key(self, subject: str) -> str:
        """The key of what was published there; the whole of a subject that is none of ours."""
        if subject == self.bare:
            return ""
        if self.prefix and subject.startswith(self.prefix):
            return unquote(subject.removeprefix(self.prefix))
        return subject

    def _escaped(self, key: str) -> str:
        if key == NO_KEY:
            return "%5F"
        tokens = key.split(".")
        if not self.dotted or "" in tokens:
            return _token(key)
        return ".".join(map(_token, tokens))


def _token(text: str) -> str:
    return quote(text, safe="").replace(".", "%2E")


def _is_pattern(subject: str) -> bool:
    return any(token in ("*", ">") for token in subject.split("."))
