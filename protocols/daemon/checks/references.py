"""Functions and factories that the YAML names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping

from protocols.daemon.checks.parts import Parts, functions
from protocols.daemon.importing import ResolveError
from protocols.daemon.problems import Path, Problem

Resolve = Callable[[str], object]
"""Finds the object that a reference names; raises :class:`ResolveError`, or a :class:`TypeError` or
:class:`ValueError` if it is found but cannot be used, each with a text for the operator."""


def check(parts: Parts, resolve: Resolve, found: MutableMapping[str, object]) -> Iterator[Problem]:
    """References of enabled services that `resolve` refuses; the others are put into `found`."""
    refused: dict[str, str] = {}
    for path, reference in _references(parts):
        if reference not in found and reference not in refused:
            try:
                found[reference] = resolve(reference)
            except (ResolveError, TypeError, ValueError) as error:
                refused[reference] = str(error)
        if reference in refused:
            yield parts.origin.problem(path, refused[reference])


def _references(parts: Parts) -> Iterator[tuple[Path, str]]:
    for path, service in parts.enabled():
        if service.factory is not None:
            yield (*path, "factory"), service.factory
        for place, function in functions(path, service):
            yield (*place, "call"), function.call
