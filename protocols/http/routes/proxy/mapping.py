"""From the path of a request to the path that an origin is asked for, and back in redirects."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from protocols.http.errors import HTTPError
from protocols.http.target import SAFE, encode_path

_AUTHORITY = re.compile(r"https?://[^/?]*", re.IGNORECASE)
_OCTET = re.compile(r"%..|.", re.DOTALL)
_TARGET = re.compile(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(\?[\x21\x22\x24-\x7e]*)?")


@lru_cache(maxsize=1024)
def origin_target(target: str, path: str, rest: str, base: str | None) -> bytes:
    """The target of the request to the origin (RFC 9112, section 3.2.1).

    What the client escaped stays escaped, as it was: nothing is decoded twice.

    :param target: the target as the client wrote it.
    :param path: its path, decoded.
    :param rest: what `path` has behind the route's own.
    :param base: what stands for the route's own path there; ``None``: that path itself.

    Raises :class:`HTTPError` (400) for a path that servers are known to understand in different ways.
    """
    _check(path if base is None else "/" + rest)
    if (absolute := _AUTHORITY.match(target)) is not None:
        target = target[absolute.end() :]
    written, mark, query = target.partition("?")
    mapped = written or "/"
    if base is not None:
        mapped = _joined(base, _last(mapped, path, rest))
    found = mapped + mark + query
    if not _TARGET.fullmatch(found):
        found = quote(mapped, safe=SAFE + "%") + mark + query
        if not _TARGET.fullmatch(found):
            raise HTTPError(400, "The request target is ambiguous")
    return found.encode("ascii")


def _joined(base: str, rest: str) -> str:
    if not rest:
        return base
    return base + rest if base.endswith("/") else f"{base}/{rest}"


def _last(written: str, path: str, rest: str) -> str:
    """The end of `written` that says `rest`, as `written` says `path`."""
    if "%" not in written:
        return written[len(written) - len(rest) :]
    before = len(path.encode()) - len(rest.encode())
    for octet in _OCTET.finditer(written):
        if before == 0:
            return written[octet.start() :]
        before -= 1
    return ""


def _check(path: str) -> None:
    """Refuse what only some servers take for another path: ``..;x`` (those that know parameters), ``..\\x``
    (those of Windows), and empty segments (those that leave them out)."""
    if "//" in path.replace("\\", "/"):
        raise HTTPError(400, "The request target is ambiguous")
    if "\\" in path or ";" in path:
        segments = path.replace("\\", "/").split("/")
        if not {".", ".."}.isdisjoint(segment.partition(";")[0] for segment in segments):
            raise HTTPError(400, "The request target is ambiguous")


def own_location(location: str, *, authority: str, base: str | None, host: str, mount: str) -> str:
    """The value of a Location field, which leads to an origin, as it leads to the route.

    Another place than `base` at the origin, and another site, stay as they are.

    :param authority: the origin's host and port.
    :param host: ours, as the client asked for it.
    :param mount: the route's own path, decoded.
    """
    absolute = _AUTHORITY.match(location)
    site, path = (absolute[0], location[absolute.end() :]) if absolute else ("", location)
    named = site.partition("//")[2].lower()
    if named == authority.lower() and named != host.lower():
        site = ""  # the origin's own name, which clients need not know
    elif named not in ("", host.lower()):
        return location
    if not path.startswith("/") or path.startswith("//"):
        return location
    if base is None:
        return site + path
    if path.startswith(base):
        behind = path[len(base) :]
        if base.endswith("/") or behind[:1] in ("", "/", "?", "#"):
            return site + encode_path(mount) + (behind.lstrip("/") if mount.endswith("/") else behind)
    return location
