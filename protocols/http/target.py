"""The target of a request line: from what the client wrote to a path and a query."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from protocols.http.errors import HTTPError
from protocols.http.fields import Query

_ABSOLUTE = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

SAFE = "/~!$&'()*+,;=:@"
"""What a path may hold unescaped besides letters, digits and ``-._`` (RFC 3986, section 3.3)."""


REMEMBERED: Final = 256
"""Characters of the longest target that is remembered, with what it was split into: clients choose targets,
and a thousand of them are kept."""


def split_target(target: str, host: str | None = None) -> tuple[str, Query]:
    """The path, decoded, and the query of a request target in origin-form, absolute-form (RFC 9112,
    section 3.2) or ``*``.

    :param host: the value of the Host field, where there is one; an absolute-form must repeat it: two
        answers to whose request this is are one too many.

    Raises :class:`HTTPError` (400) for anything else.
    """
    return _split_again(target, host) if len(target) <= REMEMBERED else _split(target, host)


def _split(target: str, host: str | None) -> tuple[str, Query]:
    if target == "*":
        return target, Query()
    if not target.startswith("/"):
        absolute = _ABSOLUTE.match(target)
        if absolute is None:
            raise HTTPError(400, "The request target is not a path")
        if host is not None and absolute[1].lower() != host.lower():
            raise HTTPError(400, "The request target and Host name different hosts")
        target = target[absolute.end() :]
        if not target.startswith("/"):
            target = "/" + target
    if not target.isascii() or "#" in target:
        raise HTTPError(400, "The request target holds a character that must be escaped")
    path, _, query = target.partition("?")
    return decode_path(path), Query(query)


_split_again = lru_cache(maxsize=1024)(_split)


def decode_path(path: str) -> str:
    """`path`, percent-decoded exactly once.

    An escaped slash becomes a slash like any other, before anything looks at the segments; so ``..``
    cannot hide.  Raises :class:`HTTPError` (400) for a broken escape, for what is not UTF-8, for control
    characters, and for the segments ``.`` and ``..``, which clients resolve themselves.
    """
    if _BROKEN_ESCAPE.search(path):
        raise HTTPError(400, "The path holds a broken percent escape")
    try:
        decoded = unquote_to_bytes(path).decode() if "%" in path else path
    except UnicodeDecodeError:
        raise HTTPError(400, "The path is not UTF-8") from None
    if _CONTROL.search(decoded):
        raise HTTPError(400, "The path holds a control character")
    if "." in decoded and not {".", ".."}.isdisjoint(decoded.split("/")):
        raise HTTPError(400, 'The path holds "." or ".." as a segment')
    return decoded


def encode_path(path: str) -> str:
    """`path`, decoded as :func:`decode_path` does it, as it stands in a URL."""
    return quote(path, safe=SAFE)


def split_mount(path: str, rest: str) -> tuple[str, str]:
    """`path`, a decoded one whose end is `rest`, as the place of an application and what is below it.

    The place has no slash at its end, what is below begins with one: ``/app/``, ``a/b`` is ``/app``,
    ``/a/b``.  A path that is a route's own, and ends in no slash, has nothing below it.
    """
    at = len(path) - len(rest)
    if path[:at].endswith("/"):
        at -= 1
    return path[:at], path[at:]


def origin_form(target: str) -> str:
    """`target`, which :func:`split_target` takes, without a scheme and a host (RFC 9112, section 3.2.1)."""
    if target.startswith("/"):
        return target
    absolute = _ABSOLUTE.match(target)
    path = target[absolute.end() :] if absolute is not None else target
    return path if path.startswith("/") else f"/{path}"
