"""Rules of ``access`` that could never do what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from protocols.daemon.access_rules import WrittenRule, access_of, gid_of, uid_of, written_rules
from protocols.daemon.checks.parts import Parts
from protocols.daemon.inheritance import has_scheme
from protocols.daemon.named_networks import NamedNetworks
from protocols.daemon.problems import Path, Problem, quoted
from protocols.daemon.spec.access import AccessSpec
from protocols.daemon.spec.http import RouteSpec
from protocols.daemon.spec.service import ServiceSpec


def check(parts: Parts) -> Iterator[Problem]:
    """Rules about what nobody can know where they stand, and about users and groups that this machine does
    not have."""
    for name, service in parts.services.items():
        for path, spec, route in _accesses(parts, name, service):
            inherited = f"{name} inherits this, and " if path[0] == "defaults" else ""
            for rule in written_rules(spec):
                for key, text in _unknowable(rule, service, route):
                    yield parts.origin.problem((*path, *rule.path, key), inherited + text, safe=True)
                if service.enabled:
                    yield from _accounts(parts, (*path, *rule.path), rule)


def warnings(parts: Parts) -> Iterator[Problem]:
    """Rules that never decide anything, because an earlier one is about all whom they are about.

    Only for parts without a problem: names are looked up.
    """
    networks = NamedNetworks(parts.networks)
    for name, service in parts.services.items():
        if not service.enabled:
            continue  # names of its users may be those of another machine
        for path, spec, _ in _accesses(parts, name, service):
            rules = written_rules(spec)
            for later, earlier in access_of(spec, networks).shadowed():
                place = parts.origin.place((*path, *rules[earlier].path))
                text = f"this rule decides nothing: the one at {place} is about all whom it is about"
                yield parts.origin.problem((*path, *rules[later].path), text, safe=True)


def _accesses(
    parts: Parts, name: str, service: ServiceSpec
) -> Iterator[tuple[Path, AccessSpec, RouteSpec | None]]:
    """Every ``access`` of a service, the inherited one too, with its path and the route that it is of."""
    path: Path = ("services", name)
    if service.access is not None:
        own = parts.own[name].access is not None
        yield (*path, "access") if own else ("defaults", "access"), service.access, None
    for place, route in service.routes:
        if route.access is not None:
            yield (*path, *place, "access"), route.access, route


def _unknowable(
    rule: WrittenRule, service: ServiceSpec, route: RouteSpec | None
) -> Iterator[tuple[str, str]]:
    """Keys of `rule` that nobody can tell anything about, and why."""
    if rule.selector.users is not None and not _knows_users(service, route):
        lacking = "" if service.http is None else "no route has auth, and "
        lacking = lacking if route is None else "this route has no auth, and "
        yield "users", f"nobody is known by name here: {lacking}clients are not asked for certificates by tls"
    if rule.selector.certificates is not None and not _may_show_certificates(service):
        yield "certificates", "nobody has a certificate here: clients are not asked for certificates by tls"
    for key in ("uids", "gids"):
        if getattr(rule.selector, key) is not None and not has_scheme(service, "unix", "fd"):
            yield key, "nobody has that here: only clients of unix: sockets are known by their processes"


def _knows_users(service: ServiceSpec, route: RouteSpec | None) -> bool:
    if _may_show_certificates(service) or has_scheme(service, "unix", "fd"):
        return True
    routes = [route] if route is not None else [each for _, each in service.routes]
    return any(each.auth is not None for each in routes)


def _may_show_certificates(service: ServiceSpec) -> bool:
    """Whether clients are asked for certificates, here or by a load balancer that tells of them."""
    return service.asks_for_certificates or service.accept_proxy is not None


_ACCOUNTS: Final[tuple[tuple[str, str, Callable[[int | str], int]], ...]] = (
    ("uids", "user", uid_of),
    ("gids", "group", gid_of),
)


def _accounts(parts: Parts, path: Path, rule: WrittenRule) -> Iterator[Problem]:
    for key, what, look_up in _ACCOUNTS:
        for index, account in enumerate(getattr(rule.selector, key) or ()):
            try:
                look_up(account)
            except KeyError:
                text = f"this machine has no {what} {quoted(str(account))}"
                yield parts.origin.problem((*path, key, index), text)
