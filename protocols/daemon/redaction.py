"""Keeping secrets out of what is said, wherever they may have got into it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

SECRET: Final = "(from a secret)"  # noqa: S105 - the opposite of one
"""What is shown of a value that a secret went into."""

MASK: Final = "***"
"""What stands in the place of a secret within a text."""

SHORTEST: Final = 6
"""Characters of a value that is looked for.  Shorter ones stand in other words by chance: to mask them would
make a riddle of the log, and tell whoever reads it what they are."""


class Redactor:
    """Masks `values` in texts, as they are and as they are escaped in JSON or by ``repr``; those of several
    lines also line by line."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = {form for value in values for form in _forms(value) if len(form) >= SHORTEST}
        # Of two that begin alike the longer one, or its end would stay.
        ordered = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(MASK, text)


class Masks:
    """Masks the secrets of the last two configurations that were taken: what one has replaced goes on with
    those that it had."""

    def __init__(self) -> None:
        self._former: Callable[[str], str] = str
        self._latest: Callable[[str], str] = str

    def take(self, redact: Callable[[str], str]) -> None:
        """Mask what `redact` does, too."""
        self._former, self._latest = self._latest, redact

    def __call__(self, text: str) -> str:
        return self._latest(self._former(text))


def _forms(value: str) -> Iterator[str]:
    for part in (value, *value.splitlines()):
        yield part
        yield part.strip()
        yield json.dumps(part)[1:-1]
        yield json.dumps(part, ensure_ascii=False)[1:-1]
        yield repr(part)[1:-1]
