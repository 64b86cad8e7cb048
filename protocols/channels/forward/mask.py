"""What a receiver is told and nobody else, taken out of what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final
from urllib.parse import unquote, unquote_plus

from protocols.channels.forward.settings import ForwardSettings
from protocols.channels.forward.signature import PREFIX
from protocols.channels.forward.webhook_url import WebhookURL

SHORTEST: Final = 4
"""Characters of what is covered, at least: fewer are no secret, and stand in half of all sentences."""

SEGMENT: Final = 8
"""Characters of a part of a path that is covered by itself: shorter ones are ``hooks`` or ``api``."""

COVER: Final = "…"


class Mask:
    """Covers the path and the query of `url`, and the secrets and headers of `settings`: many an error page
    repeats what was asked for, and errors go to logs and dead letters, which others read.

    Covered are also parts: long parts of the path, values of the query, the words of a header behind its
    first (RFC 9110, section 11.4), and all of them as pages write them, unescaped or as HTML.
    """

    def __init__(self, url: WebhookURL, settings: ForwardSettings) -> None:
        found = {form for text in _secrets(url, settings) for form in _forms(text) if len(form) >= SHORTEST}
        # A part would else leave the rest of the whole.
        longest_first = sorted(found, key=lambda text: (-len(text), text))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or "(?!)", re.IGNORECASE)

    def over(self, text: str) -> str:
        """`text` with ``…`` in place of each."""
        return self._pattern.sub(COVER, text)


def _secrets(url: WebhookURL, settings: ForwardSettings) -> Iterator[str]:
    path, _, query = url.target.partition("?")
    yield from (url.target, path, query)
    yield from (part for part in path.split("/") if len(part) >= SEGMENT)
    yield from (pair.rpartition("=")[2] for pair in query.split("&"))
    for secret in settings.secrets:
        yield from (secret, secret.removeprefix(PREFIX))
    for _, value in settings.headers:
        yield value
        yield from value.split()[1:]


def _forms(text: str) -> Iterator[str]:
    for plain in (text, unquote(text), unquote_plus(text)):
        yield from (plain, escape(plain))
