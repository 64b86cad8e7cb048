"""What each name that a client may ask for is served with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from OpenSSL import SSL

from protocols.guard.tls.client_hello import canonical
from protocols.guard.tls.credential import Credential
from protocols.guard.tls.files import ClientRule
from protocols.peer_address import without_port


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """One name, or several that nothing tells apart."""

    credential: Credential
    rule: ClientRule | None
    context: SSL.Context


@dataclass(frozen=True)
class Table:
    """By name, with a default.

    Names that have rules of their own come before those that only stand in a certificate, or an exact name in
    a certificate would be a way around the rule of a wildcard.
    """

    default: Host
    named: Mapping[str, Host] = field(default_factory=dict)
    """With rules of their own; ``*.example.org`` is any name below, as for the routes of HTTP."""
    certified: Mapping[str, Host] = field(default_factory=dict)
    """In certificates; ``*.example.org`` is one label (RFC 9525, section 6.3)."""

    def find(self, name: str | None) -> Host:
        """What a client gets that asks for `name`, which is canonical; ``None``: it has not said."""
        if name is None:
            return self.default
        if name in self.named:
            return self.named[name]
        parent = name.partition(".")[2]
        above = parent
        while above:
            if f"*.{above}" in self.named:
                return self.named[f"*.{above}"]
            above = above.partition(".")[2]
        return self.certified.get(name) or self.certified.get(f"*.{parent}") or self.default

    def find_host(self, host: str) -> Host:
        """The same for the Host of HTTP, which may have a port."""
        return self.find(canonical(without_port(host)) or None)

    def hosts(self) -> Iterator[Host]:
        yield self.default
        yield from self.named.values()
        yield from self.certified.values()

    @cached_property
    def is_single(self) -> bool:
        """Whether it makes no difference for which name a client asks."""
        return all(host is self.default for host in self.hosts())

    @cached_property
    def has_rules_by_name(self) -> bool:
        """Whether some names let in clients that others would not."""
        return any(host.rule != self.default.rule for host in self.hosts())


def by_certificate(hosts: Iterable[Host]) -> dict[str, Host]:
    """The names that stand in the certificates of `hosts`; the first that has one gets it."""
    names: dict[str, Host] = {}
    for host in hosts:
        for name in host.credential.names:
            names.setdefault(canonical(name), host)
    return names
