"""Which route answers a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import unquote

from protocols.http.contract import METHODS, Route
from protocols.http.errors import HTTPError
from protocols.http.request import NO_PARAMETERS
from protocols.http.target import decode_path
from protocols.peer_address import without_port

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BRACE = re.compile(r"[{}]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A route and what is asked of it."""

    route: Route
    methods: tuple[str, ...] = ()
    """The methods it is for; none: all that it answers."""
    hosts: tuple[str, ...] = ()
    """The host names it is for, without a port; ``*.example.org`` is any name below; none: all."""
    body: int | None = None
    """Bytes of the longest content it takes, where that is not the service's."""

    @property
    def answered(self) -> tuple[str, ...]:
        """The methods it answers: where there is GET there is HEAD (RFC 9110, section 9.1)."""
        named = self.methods or self.route.methods
        if "GET" in named and "HEAD" not in named:
            named = (*named, "HEAD")
        return tuple(method for method in named if method in self.route.methods)


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and what of the path it has not used up."""

    entry: Entry
    rest: str = ""
    parameters: Mapping[str, str] = field(default_factory=lambda: NO_PARAMETERS)


@dataclass(frozen=True, slots=True)
class SlashMissing:
    """There is a route for what is below the path, and none for the path itself."""

    path: str
    """The path of that route."""


@dataclass(frozen=True, slots=True)
class OtherMethods:
    """There is a route for the path, but not for the method."""

    allowed: tuple[str, ...]


Found = Match | SlashMissing | OtherMethods | None


class _Pattern:
    """A path with names in braces, each of which stands for one segment."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.shape = _PARAMETER.sub("{}", path)
        self.subtree = path.endswith("/")
        segments = path.split("/")
        parts = [
            f"(?P<{named[1]}>[^/]+)" if (named := _PARAMETER.fullmatch(segment)) else re.escape(segment)
            for segment in segments
        ]
        self._expression = re.compile("/".join(parts) + ("(?P<__rest>.*)" if self.subtree else ""), re.DOTALL)
        # The more of it is plain, the earlier it is asked; a name further to the right is more exact.
        self.order = [bool(_PARAMETER.fullmatch(segment)) for segment in segments], -len(segments)

    def match(self, path: str) -> tuple[str, Mapping[str, str]] | None:
        """What is behind, and the parameters."""
        found = self._expression.fullmatch(path)
        if found is None:
            return None
        parameters = found.groupdict()
        rest = parameters.pop("__rest", "")
        # Requests that come again share them.
        return rest, MappingProxyType(parameters)


class RouteProblem(NamedTuple):
    """One thing that is wrong with the routes of a site."""

    path: str
    """As it is written."""
    entry: int | None
    """Which of the path's entries is for methods that its route has not; ``None``: it is the path."""
    message: str


class RoutesError(ValueError):
    """Routes that cannot be served; ``problems`` holds everything that is wrong with them."""

    def __init__(self, problems: Sequence[RouteProblem]) -> None:
        super().__init__("\n".join(problem.message for problem in problems))
        self.problems = tuple(problems)


def parameter_names(path: str) -> tuple[str, ...]:
    """The names in braces of `path`, escaped or not."""
    return tuple(_PARAMETER.findall(unquote(path)))


class RoutingTable:
    """Routes by path: one that ends in a slash answers for everything below it, any other for itself.

    An exact path comes first, then one with parameters (``/items/{id}``), then the longest path that ends
    in a slash.  Paths may be written escaped, as in a URL, or plain.  Several entries of one path are for
    different methods or hosts; the first that fits answers.

    Raises :class:`RoutesError`, with everything that is wrong, for a path that no request could have, for
    two that are the same, for a folder whose path does not end in a slash, and for an entry whose methods
    its route has not.
    """

    def __init__(self, routes: Mapping[str, Route | Sequence[Entry]]) -> None:
        self._exact: dict[str, tuple[Entry, ...]] = {}
        self._patterns: list[tuple[_Pattern, tuple[Entry, ...]]] = []
        problems: list[RouteProblem] = []
        for written, given in routes.items():
            entries = tuple(given) if isinstance(given, Sequence) else (Entry(given),)
            problems += _without_methods(written, entries)
            try:
                self._add(written, entries)
            except ValueError as error:
                problems.append(RouteProblem(written, None, str(error)))
        if problems:
            raise RoutesError(problems)
        self._plain = {
            path: Match(entries[0])
            for path, entries in self._exact.items()
            if not entries[0].hosts and not entries[0].methods
        }
        """What answers a path for every host, with every method its route has: the usual case."""
        self._patterns.sort(key=lambda item: item[0].order)
        self._prefixes = sorted((path for path in self._exact if path.endswith("/")), key=len, reverse=True)

    def _add(self, written: str, entries: tuple[Entry, ...]) -> None:
        """Raises :class:`ValueError`, with what is wrong with the path in words."""
        path = _decoded(written)
        if not path.endswith("/") and any(entry.route.subtree for entry in entries):
            raise ValueError(f"{written} stands for a folder, so it must end in a slash: {written}/")
        shape = _PARAMETER.sub("{}", path)
        if path in self._exact or any(shape == pattern.shape for pattern, _ in self._patterns):
            raise ValueError(f"{written} is the same path as another route's")
        if _PARAMETER.search(path):
            self._patterns.append((_Pattern(path), entries))
        else:
            self._exact[path] = entries

    def find(self, method: str, host: str, path: str) -> Found:
        """What answers `method` on `path`, which is decoded, at `host`, which may have a port."""
        match = self._plain.get(path)
        if match is not None and method in match.entry.route.methods:
            return match
        return self._search(method, host, path)

    def _search(self, method: str, host: str, path: str) -> Found:
        allowed: list[str] = []
        for entries, rest, parameters in self._candidates(path, host):
            fitting = [entry for entry in entries if _is_for(host, entry)]
            for entry in fitting:
                if method in entry.answered:
                    return Match(entry, rest, parameters)
                allowed += entry.answered
            if fitting:
                return OtherMethods(tuple(dict.fromkeys((*allowed, "OPTIONS"))))
        return SlashMissing(path + "/") if self._is_folder(path + "/", host) else None

    def _is_folder(self, path: str, host: str) -> bool:
        """Whether there is a route at `host` for `path`, which ends in a slash."""
        if any(_is_for(host, entry) for entry in self._exact.get(path, ())):
            return True
        return any(
            pattern.subtree and pattern.match(path) and any(_is_for(host, entry) for entry in entries)
            for pattern, entries in self._patterns
        )

    def _candidates(self, path: str, host: str) -> Iterable[tuple[tuple[Entry, ...], str, Mapping[str, str]]]:
        if path in self._exact:
            yield self._exact[path], "", NO_PARAMETERS
        for pattern, entries in self._patterns:
            if (matched := pattern.match(path)) is not None:
                yield entries, *matched
        if self._is_folder(path + "/", host):
            return  # the client meant it
        for prefix in self._prefixes:
            if path.startswith(prefix) and path != prefix:
                yield self._exact[prefix], path[len(prefix) :], NO_PARAMETERS

    def entries(self) -> Iterable[tuple[str, Entry]]:
        """Every path with each of its entries."""
        for path, entries in self._exact.items():
            yield from ((path, entry) for entry in entries)
        for pattern, entries in self._patterns:
            yield from ((pattern.path, entry) for entry in entries)

    def path_of(self, entry: Entry) -> str:
        """The path at which `entry` stands."""
        return next((path for path, each in self.entries() if each is entry), "")

    def stop(self) -> None:
        """Stop every route."""
        for _, entry in self.entries():
            entry.route.stop()


def _is_for(host: str, entry: Entry) -> bool:
    return not entry.hosts or _is_one_of(host, entry.hosts)


def _is_one_of(host: str, hosts: tuple[str, ...]) -> bool:
    name = without_port(host).lower().rstrip(".")
    return any(
        name == wanted or (wanted.startswith("*.") and name.endswith(wanted[1:]) and name != wanted[2:])
        for wanted in hosts
    )


KNOWN: Final = frozenset(METHODS)


def _decoded(written: str) -> str:
    """The path that is `written`; raises :class:`ValueError` for what no request could have."""
    try:
        path = decode_path(written)
    except HTTPError as error:
        raise ValueError(f"{written}: {error.detail}") from None
    if not path.startswith("/"):
        raise ValueError(f'{written}: a path begins with "/"')
    if "//" in path:
        raise ValueError(f'{written}: "//" in a path leads nowhere')
    names = _PARAMETER.findall(path)
    if any(_BRACE.search(s) and not _PARAMETER.fullmatch(s) for s in path.split("/")):
        raise ValueError(f"{written}: a name in braces, such as {{id}}, stands for a whole segment")
    if len(set(names)) != len(names):
        raise ValueError(f"{written} has two parameters of one name")
    return path


def _without_methods(written: str, entries: tuple[Entry, ...]) -> Iterable[RouteProblem]:
    for index, entry in enumerate(entries):
        lacking = [method for method in entry.methods if method not in entry.route.methods]
        if lacking:
            known = ", ".join(entry.route.methods)
            text = f"{written} does not answer {', '.join(lacking)}; it answers {known}"
            yield RouteProblem(written, index, text)
