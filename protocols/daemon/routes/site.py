"""All the routes of a service, and the factory that serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from protocols.daemon.misfit import MisfitError, Misfits
from protocols.daemon.named_networks import NamedNetworks
from protocols.daemon.policies import PolicyMaker
from protocols.daemon.problems import Path
from protocols.daemon.routes.context import RouteContext
from protocols.daemon.routes.table import ROUTES
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.limits import LimitsSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.daemon.spec.trusted import TrustedSpec
from protocols.http import Entry, HTTPFactory, Limits
from protocols.http.access_log.access import Access
from protocols.http.access_log.redaction import Redaction
from protocols.http.forwarded import TrustedProxies
from protocols.http.routing import RouteProblem, RoutesError


def site_for(
    spec: ServiceSpec, context: RouteContext, access: Callable[[Access], object] | None = None
) -> HTTPFactory:
    """The factory that serves the routes of `spec`, and tells `access` of every request.

    Raises :class:`~protocols.daemon.misfit.MisfitsError` for every route that cannot be made.
    """
    networks = context.loaded.networks
    rules = None if context.gate is None else context.gate.rules_of_requests
    misfits = Misfits()
    policies = PolicyMaker(context.reactor, context.journal, context.stops, networks, rules, context.tally)
    routes: dict[str, list[Entry]] = {}
    places: dict[str, list[Path]] = {}
    for place, route in spec.routes:
        path = str(place[1])
        with misfits.collected():
            inside = context.at(path, route.methods or (), route.auth, route.access, route.cors)
            entry = _entry(place, route, inside, policies)
            routes.setdefault(path, []).append(entry)
            places.setdefault(path, []).append(place)
    try:
        factory = HTTPFactory(
            routes,
            journal=context.journal,
            clock=context.reactor,
            limits=_limits(spec.limits),
            connections=spec.limits.connections,
            trusted=_trusted(spec.trusted or context.loaded.config.server.trusted, networks),
            access=access,
            redact=Redaction() if spec.log is None else Redaction(spec.log.redact),
        )
    except RoutesError as error:
        misfits.found += [_misplaced(problem, places) for problem in error.problems]
    misfits.check()
    return factory


def _misplaced(problem: RouteProblem, places: Mapping[str, Sequence[Path]]) -> MisfitError:
    if problem.entry is None:
        return MisfitError(("http", problem.path), problem.message, key=True, safe=True)
    return MisfitError((*places[problem.path][problem.entry], "methods"), problem.message, safe=True)


def _entry(place: Path, spec: RouteSpec, context: RouteContext, policies: PolicyMaker) -> Entry:
    try:
        route = ROUTES[spec.kind](spec.settings, context)
    except (TypeError, ValueError, OSError) as error:
        raise MisfitError((*place, spec.kind), str(error)) from error
    if policies.wraps(spec):
        route = policies.wrap(route, spec, place, spec.body or context.limits.body)
    return Entry(route, spec.methods or (), spec.hosts or (), spec.body)


def _limits(spec: LimitsSpec) -> Limits:
    return Limits(**{name: getattr(spec, name) for name in ("idle", "first_byte", *LimitsSpec.http)})


def _trusted(spec: TrustedSpec | None, networks: NamedNetworks) -> TrustedProxies | None:
    """The proxies that are believed."""
    return None if spec is None else TrustedProxies(networks.resolve(spec.proxies), style=spec.fields)
