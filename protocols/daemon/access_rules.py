"""From ``access`` to rules that decide."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from protocols.daemon.named_networks import NamedNetworks
from protocols.daemon.problems import Path
from protocols.daemon.spec.access import AccessSpec, SelectorSpec
from protocols.guard.access import Access, CertificatePattern, Hours, Rule, Selector


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """One rule of an ``access``."""

    path: Path
    """Where it stands, below ``access``."""
    allows: bool
    selector: SelectorSpec

    def __str__(self) -> str:
        return f"{'allow' if self.allows else 'deny'} {words(self.selector)}"


def written_rules(spec: AccessSpec) -> list[WrittenRule]:
    """The rules of `spec`, in the order in which they are asked: without one, what is denied comes first."""
    if spec.rules is None:
        return [*_written((), "deny", spec.deny), *_written((), "allow", spec.allow)]
    written: list[WrittenRule] = []
    for index, rule in enumerate(spec.rules):
        written += _written(("rules", index), rule.kind, rule.settings)
    return written


def _written(path: Path, kind: str, selectors: Sequence[SelectorSpec] | None) -> Iterator[WrittenRule]:
    for index, selector in enumerate(selectors or ()):
        yield WrittenRule((*path, kind, index), kind == "allow", selector)


def access_of(spec: AccessSpec, networks: NamedNetworks) -> Access:
    """What `spec` says.

    Raises :class:`KeyError` for names that are not known.
    """
    rules = written_rules(spec)
    return Access([Rule(one.allows, selector_of(one.selector, networks), str(one)) for one in rules])


def selector_of(spec: SelectorSpec, networks: NamedNetworks) -> Selector:
    """Whom `spec` means.

    Raises :class:`KeyError` for names that are not known.
    """
    certificates, hours = spec.certificates, spec.hours
    return Selector(
        networks=None if spec.networks is None else networks.resolve(spec.networks),
        users=None if spec.users is None else frozenset(spec.users),
        certificates=None if certificates is None else tuple(map(CertificatePattern.parse, certificates)),
        uids=None if spec.uids is None else frozenset(map(uid_of, spec.uids)),
        gids=None if spec.gids is None else frozenset(map(gid_of, spec.gids)),
        hours=None if hours is None else tuple(map(Hours.parse, hours)),
    )


def uid_of(account: int | str) -> int:
    """The number of a user of this machine.  Raises :class:`KeyError` if there is none of that name."""
    return account if isinstance(account, int) else pwd.getpwnam(account).pw_uid


def gid_of(account: int | str) -> int:
    """The number of a group of this machine.  Raises :class:`KeyError` if there is none of that name."""
    return account if isinstance(account, int) else grp.getgrnam(account).gr_gid


def words(spec: SelectorSpec) -> str:
    """`spec` in words, such as ``networks office, lab; hours 08:00-18:00``."""
    given = ((key, getattr(spec, key)) for key in SelectorSpec.model_fields)
    return "; ".join(f"{key} {_listed(value)}" for key, value in given if value is not None)


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
