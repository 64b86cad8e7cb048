"""Names that the YAML takes, made of those that a source has."""

from __future__ import annotations

import re
from collections import Counter

from protocols.daemon.spec.tls import NAME_LENGTH


class ServiceNames:
    """Names of services, each given once."""

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._tried: Counter[str] = Counter()

    def take(self, text: str) -> str:
        """A name like `text` that was not given yet: small letters, digits, ``-`` and ``_``, at most 64."""
        plain = _plain(text)
        name = plain
        while name in self._given:
            self._tried[plain] += 1
            tail = f"-{self._tried[plain] + 1}"
            name = plain[: NAME_LENGTH - len(tail)] + tail
        self._given.add(name)
        return name


def _plain(text: str) -> str:
    plain = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_") or "service"
    if plain.isdecimal():
        plain = f"port-{plain}"
    return plain[:NAME_LENGTH].rstrip("-_")
