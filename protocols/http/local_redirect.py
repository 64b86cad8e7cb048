"""A request that another path answers, without the client's knowledge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from protocols.http.fields import Headers
from protocols.http.request import Request, RequestHead
from protocols.http.target import split_target

MOST: Final = 10
"""How often one request may be sent on before somebody must have gone in a circle."""


@dataclass(frozen=True, slots=True)
class LocalRedirect:
    """An answer instead of a :class:`~protocols.http.Response`: what a GET of `target` would give (RFC 3875,
    section 6.2.2); a HEAD stays one."""

    target: str
    """A path of the same site, encoded, with its query if there is one."""


def redirected(request: RequestHead, target: str, times: int) -> Request:
    """A GET, or HEAD, of `target` by the client of `request`, which has been sent on so many `times`.

    Raises :class:`RecursionError` if these are too many, and what :func:`split_target` does.
    """
    if times > MOST:
        raise RecursionError(f"{request.path}: {MOST} local redirects led to yet another")
    path, query = split_target(target)
    headers = Headers(
        (name, value) for name, value in request.headers if not name.lower().startswith("content-")
    )
    other = Request(
        "HEAD" if request.method == "HEAD" else "GET",
        path,
        query,
        headers,
        peer=request.peer,
        target=target,
        scheme=request.scheme,
        host=request.host,
        version=request.version,
    )
    other.stems_from(request)
    return other
