"""Which route answers a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from protocols.http.contract import Route
from protocols.http.errors import HTTPError
from protocols.http.target import decode_path


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and what of the path it has not used up."""

    route: Route
    rest: str


@dataclass(frozen=True, slots=True)
class SlashMissing:
    """There is a route for what is below the path, and none for the path itself."""

    path: str
    """The path of that route."""


class RoutingTable:
    """Routes by path: one that ends in a slash answers for everything below it, any other for itself.

    An exact path comes first, then the longest path that ends in a slash.  Paths may be written
    escaped, as in a URL, or plain.

    Raises :class:`ValueError`, with what is wrong in words, for a path that no request could have, for
    two that are the same, and for a folder whose path does not end in a slash.
    """

    def __init__(self, routes: Mapping[str, Route]) -> None:
        self._routes: dict[str, Route] = {}
        for written, route in routes.items():
            path = _checked(written, route)
            if path in self._routes:
                raise ValueError(f"{written} is the same path as another route's")
            self._routes[path] = route
        self._prefixes = sorted((path for path in self._routes if path.endswith("/")), key=len, reverse=True)

    def find(self, path: str) -> Match | SlashMissing | None:
        """What answers `path`, which is decoded."""
        route = self._routes.get(path)
        if route is not None:
            return Match(route, "")
        slashed = path + "/"
        if slashed in self._routes:
            return SlashMissing(slashed)
        for prefix in self._prefixes:
            if path.startswith(prefix):
                return Match(self._routes[prefix], path[len(prefix) :])
        return None

    def stop(self) -> None:
        """Stop every route."""
        for route in self._routes.values():
            route.stop()


def _checked(written: str, route: Route) -> str:
    try:
        path = decode_path(written)
    except HTTPError as error:
        raise ValueError(f"{written}: {error.detail}") from None
    if not path.startswith("/"):
        raise ValueError(f'{written}: a path begins with "/"')
    if "//" in path:
        raise ValueError(f'{written}: "//" in a path leads nowhere')
    if route.subtree and not path.endswith("/"):
        raise ValueError(f"{written} stands for a folder, so it must end in a slash: {written}/")
    return path
