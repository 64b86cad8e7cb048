"""From ``headers``, ``cors``, ``access``, ``rate`` and ``auth`` of a route to what wraps it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path as FilePath
from typing import Any, TypeVar

from protocols.daemon.access_rules import access_of
from protocols.daemon.carriers import Stop
from protocols.daemon.misfit import MisfitError, Misfits
from protocols.daemon.named_networks import NamedNetworks
from protocols.daemon.problems import Path, path_text
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.policy import AuthSpec, CorsSpec, RateSpec
from protocols.guard.access import Access, Admission
from protocols.guard.limits.tally import ALONE, Tally
from protocols.handlers.threads import ThreadPool
from protocols.http import Route
from protocols.http.policy.access import AccessRoute
from protocols.http.policy.auth import AuthRoute, failed_logins
from protocols.http.policy.collecting import CollectingRoute
from protocols.http.policy.cors import CORSRoute
from protocols.http.policy.headers import HeadersRoute
from protocols.http.policy.passwords import THREADS, Passwords
from protocols.http.policy.rate import RateRoute, by_source, by_user
from protocols.http.policy.tokens import Tokens
from protocols.journal import Journal

T = TypeVar("T")


class PolicyMaker:
    """Wraps the routes of one site, which share their files of passwords and tokens, the threads that check
    those, and the count of failed logins.

    :param stops: gets what has to be ended after the last request.
    :param networks: what the names of networks stand for.
    :param access: who may use the service, where that is not decided before there is a request.
    :param tally: keeps count of who asks how often.
    """

    def __init__(
        self,
        reactor: Any,
        journal: Journal,
        stops: list[Stop],
        networks: NamedNetworks,
        access: Access | None = None,
        tally: Tally = ALONE,
    ) -> None:
        self._reactor = reactor
        self._journal = journal
        self._stops = stops
        self._networks = networks
        self._access = access
        self._tally = tally
        self._failures = failed_logins(partial(tally.buckets, "failed logins"))
        self._threads: ThreadPool | None = None
        self._passwords: dict[FilePath, Passwords] = {}
        self._tokens: dict[FilePath, Tokens] = {}

    def wrap(self, route: Route, spec: RouteSpec, place: Path, body: int) -> Route:
        """`route` inside of its policies: headers, cors, access, rate by source, auth, access by user, rate
        by user.

        Raises :class:`~protocols.daemon.misfit.MisfitsError` for what cannot be made.
        """
        misfits = Misfits()
        wrapped = route if route.streams else CollectingRoute(route, body)
        rate = spec.rate
        if rate is not None and rate.by == "user":
            wrapped = self._rate(wrapped, rate, place)
        own = None if spec.access is None else access_of(spec.access, self._networks)
        rules = [access for access in (own, self._access) if access is not None]
        if spec.auth is not None:
            by_user = [access for access in rules if access.asks_who]
            with misfits.collected():
                wrapped = self._auth(self._admit(wrapped, by_user), spec.auth, (*place, "auth"))
        if rate is not None and rate.by == "source":
            wrapped = self._rate(wrapped, rate, place)
        wrapped = self._admit(wrapped, rules, before_auth=spec.auth is not None)
        if spec.cors is not None:
            with misfits.collected():
                wrapped = _cors(wrapped, spec.cors, spec.methods or (), (*place, "cors"))
        if spec.headers is not None:
            with misfits.collected():
                wrapped = _headers(wrapped, spec.headers, (*place, "headers"))
        misfits.check()
        return wrapped

    def wraps(self, spec: RouteSpec) -> bool:
        """Whether there is anything to be around the route `spec`."""
        return spec.is_wrapped or self._access is not None

    def _admit(self, route: Route, rules: Iterable[Access], *, before_auth: bool = False) -> Route:
        """`route` behind each of `rules`, the last outermost."""
        for access in rules:
            final = not (before_auth and access.asks_who)
            route = AccessRoute(route, Admission(access, journal=self._journal, final=final))
        return route

    def _rate(self, route: Route, spec: RateSpec, place: Path) -> Route:
        name = f"rate of {path_text(place)}"
        buckets = self._tally.buckets(name, spec.rate, spec.burst or spec.rate.times)
        key = by_user if spec.by == "user" else by_source
        return RateRoute(route, buckets, clock=self._reactor, journal=self._journal, key=key)

    def _auth(self, route: Route, spec: AuthSpec, place: Path) -> Route:
        misfits = Misfits()
        passwords = tokens = None
        if spec.basic is not None:
            with misfits.collected():
                passwords = _shared(self._passwords, spec.basic, self._open_passwords, (*place, "basic"))
        if spec.bearer is not None:
            with misfits.collected():
                tokens = _shared(self._tokens, spec.bearer, self._open_tokens, (*place, "bearer"))
        misfits.check()
        return AuthRoute(
            route,
            realm=spec.realm,
            clock=self._reactor,
            journal=self._journal,
            failures=self._failures,
            passwords=passwords,
            tokens=tokens,
            users=spec.users or (),
        )

    def _open_passwords(self, file: FilePath) -> Passwords:
        if self._threads is None:
            self._threads = ThreadPool(self._reactor, THREADS, "auth")
            self._stops.append(self._threads.stop)
        return Passwords(file, self._threads, self._reactor)

    def _open_tokens(self, file: FilePath) -> Tokens:
        return Tokens(file, self._reactor)


def _cors(route: Route, spec: CorsSpec, methods: tuple[str, ...], place: Path) -> Route:
    try:
        return CORSRoute(
            route,
            spec.origins,
            methods=spec.methods or methods,
            headers=spec.headers,
            credentials=spec.credentials,
            expose=spec.expose,
            max_age=spec.max_age,
        )
    except ValueError as error:
        raise MisfitError(place, str(error)) from error


def _headers(route: Route, fields: Mapping[str, str], place: Path) -> Route:
    try:
        return HeadersRoute(route, fields)
    except ValueError as error:
        raise MisfitError(place, str(error)) from error


def _shared(known: dict[FilePath, T], file: FilePath, make: Callable[[FilePath], T], place: Path) -> T:
    if file not in known:
        try:
            known[file] = make(file)
        except (OSError, ValueError) as error:
            raise MisfitError(place, str(error)) from error
    return known[file]
