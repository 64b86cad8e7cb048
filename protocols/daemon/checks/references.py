"""Functions, factories and applications that the YAML names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from protocols.daemon.checks.parts import Parts, applications, functions
from protocols.daemon.importing import ResolveError
from protocols.daemon.problems import Path, Problem
from protocols.handlers.signature import signature_of

Resolve = Callable[[str], object]
"""Finds the object that a reference names; raises :class:`ResolveError`, or a :class:`TypeError` or
:class:`ValueError` if it is found but cannot be used, each with a text for the operator."""


def check(
    parts: Parts,
    resolve: Resolve,
    found: MutableMapping[str, object],
    fragments: Iterable[tuple[Path, str]] = (),
) -> Iterator[Problem]:
    """References of enabled services that `resolve` refuses; the others are put into `found`.

    `fragments` are the functions of services that are not valid otherwise: what is wrong with them is said
    together with the rest.  What is wrong with a whole module is said once, where it is named first.
    """
    faults: dict[str, str | None] = {}
    places: dict[str, list[Path]] = {}

    def look(path: Path, reference: str, inspect: Callable[[Any], object]) -> None:
        if reference not in faults:
            faults[reference] = None
            try:
                found[reference] = named = resolve(reference)
                inspect(named)
            except (ResolveError, TypeError, ValueError) as error:
                faults[reference] = str(error)
        text = faults[reference]
        if text is not None:
            places.setdefault(text, []).append(path)

    for path, reference in (*_functions(parts), *fragments):
        look(path, reference, signature_of)
    for path, reference in _factories(parts):
        look(path, reference, lambda named: named)
    for text, paths in places.items():
        shown = [path for path in paths if parts.origin.known(path) not in parts.origin.hidden]
        more = f" (and the same in {len(shown) - 1} more places)" if len(shown) > 1 else ""
        for path in (*shown[:1], *(path for path in paths if path not in shown)):
            yield parts.origin.problem(path, text + more)


def _functions(parts: Parts) -> Iterator[tuple[Path, str]]:
    for path, service in parts.enabled():
        for place, function in functions(path, service):
            yield (*place, "call"), function.call


def _factories(parts: Parts) -> Iterator[tuple[Path, str]]:
    for path, service in parts.enabled():
        if service.factory is not None:
            yield (*path, "factory"), service.factory
        yield from applications(path, service)
