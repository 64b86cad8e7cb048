"""Words of a query as arguments (RFC 3875, section 4.4)."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from protocols.http.request import RequestHead

WORDS: Final = 100
"""Words of a query that become arguments: more than anybody searches for."""


def query_words(request: RequestHead) -> tuple[str, ...]:
    """The words of an indexed query: one of GET or HEAD without an unencoded ``=``.

    No shell reads them.  As soon as one of them begins with ``-``, so that a program could take it for an
    option, or holds a control character, or is not UTF-8, there are none: a script has the whole in
    QUERY_STRING.
    """
    query = str(request.query)
    if not query or "=" in query or request.method not in ("GET", "HEAD"):
        return ()
    try:
        words = tuple(unquote_to_bytes(word).decode() for word in query.split("+"))
    except UnicodeDecodeError:
        return ()
    if len(words) > WORDS or not all(map(_is_plain, words)):
        return ()
    return words


def _is_plain(word: str) -> bool:
    return word.isprintable() and not word.startswith("-")
