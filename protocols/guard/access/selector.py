"""Whom a rule is about."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Final

from protocols.guard.access.certificate_pattern import CertificatePattern
from protocols.guard.access.facts import Facts, Unknown
from protocols.guard.access.hours import Hours
from protocols.networks import EVERYBODY, Networks

ANY_USER: Final = "*"
"""Stands for everybody who has proved to be somebody."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Those of whom everything that is given here is true; ``None`` says nothing, so nothing at all given
    is everybody."""

    networks: Container[str] | None = None
    """Holds the addresses, as text, and ``unix`` where that is meant."""
    users: frozenset[str] | None = None
    certificates: Sequence[CertificatePattern] | None = None
    uids: frozenset[int] | None = None
    gids: frozenset[int] | None = None
    """Effective groups; a process may be in more, of which the kernel tells nothing here."""
    hours: Sequence[Hours] | None = None

    def matches(self, facts: Facts) -> bool | None:
        """Whether the rule is about them; ``None`` where that depends on what is not known yet."""
        answer: bool | None = True
        for one in self._answers(facts):
            if one is False:
                return False
            if one is None:
                answer = None
        return answer

    def covers(self, other: Selector) -> bool:
        """Whether all whom `other` means are meant by this.

        Where nobody can tell, as with certificates that two patterns could both match, it is no.
        """
        if self.hours is not None and (other.hours is None or not _week(self.hours) >= _week(other.hours)):
            return False
        return (
            _covers_networks(self.networks, other.networks)
            and _covers_certificates(self.certificates, other.certificates)
            and (self.users is None or _holds(self.users, other.users, ANY_USER))
            and (self.uids is None or _holds(self.uids, other.uids))
            and (self.gids is None or _holds(self.gids, other.gids))
        )

    def _answers(self, facts: Facts) -> Iterator[bool | None]:
        if self.networks is not None:
            yield facts.host in self.networks
        if self.uids is not None:
            yield facts.credentials is not None and facts.credentials.uid in self.uids
        if self.gids is not None:
            yield facts.credentials is not None and facts.credentials.gid in self.gids
        if self.hours is not None:
            yield any(hours.covers(facts.moment) for hours in self.hours)
        if self.users is not None:
            yield self._has_user(facts)
        if self.certificates is not None:
            yield self._has_certificate(facts)

    def _has_user(self, facts: Facts) -> bool | None:
        assert self.users is not None
        if isinstance(facts.user, Unknown):
            return None
        return facts.user is not None and (facts.user in self.users or ANY_USER in self.users)

    def _has_certificate(self, facts: Facts) -> bool | None:
        assert self.certificates is not None
        certificate = facts.certificate
        if isinstance(certificate, Unknown):
            return None
        return certificate is not None and any(one.matches(certificate) for one in self.certificates)


def _covers_networks(outer: Container[str] | None, inner: Container[str] | None) -> bool:
    if outer is None:
        return True
    inner = EVERYBODY if inner is None else inner
    if isinstance(outer, Networks) and isinstance(inner, Networks):
        return outer.covers(inner)
    return outer == inner


def _covers_certificates(
    outer: Sequence[CertificatePattern] | None, inner: Sequence[CertificatePattern] | None
) -> bool:
    if outer is None:
        return True
    return inner is not None and all(any(one.covers(other) for one in outer) for other in inner)


def _holds(outer: Set[object], inner: Set[object] | None, every: object = None) -> bool:
    return inner is not None and (every in outer or outer >= inner)


def _week(hours: Sequence[Hours] | None) -> frozenset[int]:
    """The minutes of a week that are within."""
    return frozenset(minute for one in hours or () for minute in one.minutes())
