"""Functions and factories that the YAML names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping

from protocols.daemon.checks.parts import Parts, functions
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
    refused: dict[str, list[Path]] = {}
    for path, reference in (*_functions(parts), *fragments):
        try:
            found[reference] = function = resolve(reference)
            signature_of(function)  # type: ignore[arg-type]  # it says so if it is no function
        except (ResolveError, TypeError, ValueError) as error:
            refused.setdefault(str(error), []).append(path)
    for path, reference in _factories(parts):
        try:
            found[reference] = resolve(reference)
        except (ResolveError, TypeError, ValueError) as error:
            refused.setdefault(str(error), []).append(path)
    for text, paths in refused.items():
        more = f" (and the same in {len(paths) - 1} more places)" if len(paths) > 1 else ""
        yield parts.origin.problem(paths[0], text + more)


def _functions(parts: Parts) -> Iterator[tuple[Path, str]]:
    for path, service in parts.enabled():
        for place, function in functions(path, service):
            yield (*place, "call"), function.call


def _factories(parts: Parts) -> Iterator[tuple[Path, str]]:
    for path, service in parts.enabled():
        if service.factory is not None:
            yield (*path, "factory"), service.factory
