"""Which limits are in force, and who has said so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from protocols.daemon.explain.explanation import Limit
from protocols.daemon.origin import Origin
from protocols.daemon.problems import Path
from protocols.daemon.redaction import SECRET
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.service import LimitsSpec, ServiceSpec

OF_HTTP = frozenset({*LimitsSpec.http, *LimitsSpec.forms})


def limits_of(name: str, service: ServiceSpec, origin: Origin) -> Iterator[Limit]:
    """Every limit that the service `name` has; those of HTTP only where it speaks that."""
    for key, value in _values(service.limits):
        if service.http is not None or key[0] not in OF_HTTP:
            yield _limit(key, value, name, origin)


def limits_of_route(path: Path, route: RouteSpec, origin: Origin) -> Iterator[Limit]:
    """What a route, which stands at `path`, has of its own."""
    for key in ("body", "rate"):
        value = getattr(route, key)
        for below, one in _values(value) if isinstance(value, Spec) else [((), value)]:
            if one is not None:
                place = (*path, key, *below)
                shown = SECRET if origin.hides(place) else str(one)
                known = origin.known(place)
                stands = known == place or known == (*path, key)
                yield Limit(
                    ".".join((key, *below)), shown, "route", str(origin.place(known)) if stands else ""
                )


def _limit(key: tuple[str, ...], value: Any, name: str, origin: Origin) -> Limit:
    for said, path in (("own", ("services", name)), ("defaults", ("defaults",))):
        place: Path = (*path, "limits", *key)
        if origin.known(place) == place:
            shown = SECRET if origin.hides(place) else str(value)
            return Limit(".".join(key), shown, said, str(origin.place(place)))
    return Limit(".".join(key), str(value), "built-in")


def _values(spec: Spec) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of `spec`, those of mappings inside of it too, by its keys."""
    for key in type(spec).model_fields:
        value = getattr(spec, key)
        if isinstance(value, Spec):
            yield from (((key, *below), one) for below, one in _values(value))
        else:
            yield (key,), value
