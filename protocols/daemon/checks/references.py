"""Functions, factories and applications that the YAML names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from functools import partial
from typing import Any

from protocols.codec import codec_for
from protocols.daemon.checks.parts import Parts, applications, functions
from protocols.daemon.importing import ResolveError
from protocols.daemon.problems import Path, Problem
from protocols.handlers.signature import signature_of
from protocols.http.routes.events import events_signature
from protocols.http.routes.function import check_function

Resolve = Callable[[str], object]
"""Finds the object that a reference names; raises :class:`ResolveError`, or a :class:`TypeError` or
:class:`ValueError` if it is found but cannot be used, each with a text for the operator."""

Inspect = Callable[[Any], object]
"""Finds out whether something can be where it is named; raises :class:`TypeError` or :class:`ValueError`."""


def check(
    parts: Parts,
    resolve: Resolve,
    found: MutableMapping[str, object],
    fragments: Iterable[tuple[Path, str, Inspect]] = (),
) -> Iterator[Problem]:
    """References of enabled services that `resolve` refuses; the others are put into `found`.

    `fragments` are those of services and channels that are not valid otherwise: what is wrong with them is
    said together with the rest.  What is wrong with a whole module is said once, where it is named first.
    """
    faults: dict[str, str | None] = {}
    places: dict[str, list[Path]] = {}
    for path, reference, inspect in (*_named(parts), *fragments):
        if reference not in faults:
            faults[reference] = _fault(lambda name: found.update({name: resolve(name)}), reference)
        text = faults[reference] or _fault(inspect, found.get(reference))
        if text is not None:
            places.setdefault(text, []).append(path)
    for text, paths in places.items():
        shown = [path for path in paths if parts.origin.known(path) not in parts.origin.hidden]
        others = len(shown) - 1
        more = f" (and the same in {others} more place{'s' if others > 1 else ''})" if others > 0 else ""
        for path in (*shown[:1], *(path for path in paths if path not in shown)):
            yield parts.origin.problem(path, text + more)


def _fault(attempt: Inspect, subject: Any) -> str | None:
    try:
        attempt(subject)
    except (ResolveError, TypeError, ValueError) as error:
        return str(error)
    return None


def _named(parts: Parts) -> Iterator[tuple[Path, str, Inspect]]:
    """Every reference of the enabled services, and of channels."""
    for name, channel in parts.channels.items():
        if channel.enabled and channel.schema is not None:
            path: Path = ("channels", name, "schema")
            yield path, channel.schema, partial(codec_for, name=channel.codec)
    for path, service in parts.enabled():
        for place, function in functions(path, service):
            # Below a service stands its function, or ``http``, a path and the route's; one of a WebSocket
            # gets messages, as a service's own does.
            of_route = place[2] == "http" and "websocket" not in place
            inspect: Inspect = partial(check_function, path=str(place[3])) if of_route else signature_of
            yield (*place, "call"), function.call, inspect
        for place, route in service.routes:
            if route.events is not None:
                inspect = partial(events_signature, path=str(place[1]))
                yield (*path, *place, "events", "call"), route.events.call, inspect
    for path, service in parts.enabled():
        if service.factory is not None:
            yield (*path, "factory"), service.factory, lambda named: named
        for place, reference in applications(path, service):
            yield place, reference, lambda named: named
