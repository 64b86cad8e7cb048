"""Cookies: what a client sends, and what a server sets (RFC 6265)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal

SameSite = Literal["strict", "lax", "none"]

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")
_ATTRIBUTE = re.compile(r"[\x20-\x3a\x3c-\x7e]*")


def parse_cookies(lines: Iterable[str]) -> Mapping[str, str]:
    """The cookies in the values of Cookie headers; what is none is left out."""
    found: dict[str, str] = {}
    for line in lines:
        for pair in line.split(";"):
            name, equals, value = pair.partition("=")
            name, value = name.strip(), value.strip()
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            if equals and name:
                found.setdefault(name, value)
    return found


def cookie_line(
    name: str,
    value: str,
    *,
    path: str | None = "/",
    domain: str | None = None,
    max_age: int | None = None,
    expires: datetime | None = None,
    secure: bool = True,
    http_only: bool = True,
    same_site: SameSite | None = "lax",
) -> str:
    """The value of a Set-Cookie header (RFC 6265, section 4.1; SameSite from its successor's draft).

    :param max_age: seconds it is kept; a cookie without one, and without `expires`, ends with the browser.
    :param secure: only over TLS; browsers take plain ``http://localhost`` for that too.
    :param http_only: no script of a page can read it.

    Raises :class:`ValueError` for what such a line cannot hold, and for what browsers refuse.
    """
    _check_pair(name, value)
    host_only = path == "/" and domain is None
    if not secure and (same_site == "none" or name.startswith(("__Secure-", "__Host-"))):
        raise ValueError(f"browsers refuse the cookie {name} unless it is secure")
    if name.startswith("__Host-") and not host_only:
        raise ValueError(f"browsers refuse the cookie {name} unless its path is / and it has no domain")
    if expires is not None and expires.tzinfo is None:
        raise ValueError(f"the time at which the cookie {name} expires has no time zone")
    parts = [f"{name}={value}"]
    parts += [
        _attribute(name, key, text) for key, text in (("Path", path), ("Domain", domain)) if text is not None
    ]
    if max_age is not None:
        parts.append(f"Max-Age={max_age:d}")
    if expires is not None:
        parts.append(f"Expires={format_datetime(expires.astimezone(UTC), usegmt=True)}")
    parts += ["Secure"] * secure + ["HttpOnly"] * http_only
    if same_site is not None:
        parts.append(f"SameSite={same_site.capitalize()}")
    return "; ".join(parts)


def _check_pair(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a cookie")
    if not _VALUE.fullmatch(value):
        raise ValueError(f"the value of the cookie {name} holds a character that a cookie cannot")


def _attribute(name: str, key: str, text: str) -> str:
    if not _ATTRIBUTE.fullmatch(text):
        raise ValueError(f"the {key.lower()} of the cookie {name} holds a character that it cannot")
    return f"{key}={text}"
