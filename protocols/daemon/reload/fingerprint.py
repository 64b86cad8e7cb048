"""What a service is made of, as a value: where two are equal, the service need not be touched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from protocols.daemon.access_rules import gid_of, uid_of
from protocols.daemon.channels.places import all_channels
from protocols.daemon.channels.print import ChannelPrint, prints
from protocols.daemon.checks.parts import applications, channel_uses, functions
from protocols.daemon.describe.asyncapi import asyncapi
from protocols.daemon.describe.openapi import openapi
from protocols.daemon.loader import Loaded
from protocols.daemon.named_networks import NamedNetworks
from protocols.daemon.overview import overview
from protocols.daemon.privileges import plan_of
from protocols.daemon.reload.source import digest
from protocols.daemon.reload.user_code import Seen, UserCode
from protocols.daemon.spec.access import SelectorSpec
from protocols.daemon.spec.cgi import CgiSpec
from protocols.daemon.spec.channel_store import NATSSpec, SQLiteSpec
from protocols.daemon.spec.files import FilesSpec
from protocols.daemon.spec.forward import ForwardTlsSpec
from protocols.daemon.spec.handler import QotdSpec
from protocols.daemon.spec.http import DocsSpec, RouteBuiltinSpec
from protocols.daemon.spec.log import LogSpec
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.networks import RESERVED, NetworkList, is_name, network_lists
from protocols.daemon.spec.policy import AuthSpec
from protocols.daemon.spec.program import ProgramSpec
from protocols.daemon.spec.proxy import ProxySpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.daemon.spec.tls import CertificateSpec, ClientSpec, NameSpec, TlsSpec
from protocols.daemon.spec.trusted import TrustedSpec

READ_ONCE: Final[Mapping[type[Spec], tuple[str, ...]]] = {
    ForwardTlsSpec: ("ca", "certificate", "key"),
    NATSSpec: ("credentials",),
    ProxySpec: ("ca",),
    QotdSpec: ("file",),
}
"""The keys whose files are read as the service is made, and never again."""

READ_AGAIN: Final[Mapping[type[Spec], tuple[str, ...]]] = {
    AuthSpec: ("basic", "bearer"),
    CertificateSpec: ("certificate", "key", "ocsp"),
    CgiSpec: ("folder", "documents"),
    ClientSpec: ("ca", "crl"),
    FilesSpec: ("folder",),
    LogSpec: ("file",),
    ProgramSpec: ("folder",),
    SQLiteSpec: ("file",),
}
"""Those whose files are looked at while it runs, or written.  A certificate that a ``proxy`` shows is not."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that made a service what it is."""

    service: ServiceSpec
    """With what it inherits."""
    trusted: TrustedSpec | None
    """The proxies that are believed, those of ``server`` too."""
    certificates: Mapping[str, CertificateSpec]
    """Those that it names.  What their files hold is not here: that is read anew by itself."""
    networks: Mapping[str, tuple[frozenset[object], bool]]
    """What each name of a network stands for, and whether for Unix sockets."""
    accounts: Mapping[tuple[str, str], int]
    """The numbers of the accounts that it names: ``("uid", "alice"): 1000``."""
    files: Mapping[Path, str]
    """The digest of each file that is read only once; empty if it cannot be read."""
    modules: Mapping[str, str]
    """The digest of each module of the user that its references reach."""
    channels: Mapping[str, ChannelPrint]
    """The channels that it uses, and those that get their dead letters."""
    shown: tuple[object, ...] = ()
    """What its pages show of the other services."""

    @property
    def elsewhere(self) -> Fingerprint:
        """The same, wherever it listens."""
        return replace(self, service=self.service.model_copy(update={"listen": ()}))


def fingerprint(loaded: Loaded, name: str, code: UserCode, seen: Seen | None = None) -> Fingerprint:
    """What the enabled service `name` of `loaded` is made of.

    Take it before the service is made: of a file that changes meanwhile, the next one tells.

    :param seen: what the other services of `loaded`, whose fingerprints are taken now, have seen of `code`.
    """
    spec = loaded.config.services[name]
    trusted = (spec.trusted or loaded.config.server.trusted) if spec.http is not None else None
    parts = [*specs_in(spec)]
    certificates = loaded.config.certificates
    return Fingerprint(
        spec,
        trusted,
        {each: certificates[each] for part in parts for each in _certificate_names(part)},
        dict(_networks((spec, trusted), loaded.networks)),
        dict(_accounts(parts)),
        {file: _digest_of(file) for part in parts for file in _files(part, certificates)},
        code.digests(references_of(spec), seen),
        prints(
            all_channels(loaded.config.channels),
            loaded.origin.folder,
            lambda references: code.digests(references, seen),
            {use.channel for use in channel_uses((), spec)},
        ),
        tuple(_shown(loaded, name, parts)),
    )


def specs_in(value: object) -> Iterator[Spec]:
    """Every mapping of the YAML in `value`, itself first."""
    if isinstance(value, Spec):
        yield value
        for key in type(value).model_fields:
            yield from specs_in(getattr(value, key))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from specs_in(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from specs_in(item)


def references_of(spec: ServiceSpec) -> Iterator[str]:
    """Every ``module:name`` in a service."""
    for _, function in functions((), spec):
        yield function.call
    for _, application in applications((), spec):
        yield application
    for _, route in spec.routes:
        if route.events is not None:
            yield route.events.call
    if spec.factory is not None:
        yield spec.factory


def _certificate_names(part: Spec) -> Iterator[str]:
    if isinstance(part, TlsSpec):
        yield from (each for each in part.certificate if isinstance(each, str))
    elif isinstance(part, NameSpec | ProxySpec) and isinstance(part.certificate, str):
        yield part.certificate


def _networks(
    parts: tuple[object, ...], networks: NamedNetworks
) -> Iterator[tuple[str, tuple[frozenset[object], bool]]]:
    for _, members in network_lists(parts, ()):
        for member in NetworkList(members):
            if is_name(member) and member not in RESERVED:
                hosts = networks.resolve([member])
                yield member, (frozenset(hosts.networks), hosts.unix)


def _accounts(parts: list[Spec]) -> Iterator[tuple[tuple[str, str], int]]:
    for part in parts:
        if isinstance(part, SelectorSpec):
            for kind, accounts, number in (("uid", part.uids, uid_of), ("gid", part.gids, gid_of)):
                for account in accounts or ():
                    if isinstance(account, str):
                        yield (kind, account), number(account)
        elif isinstance(part, ProgramSpec):
            plan = plan_of(part)
            if part.user is not None and plan.uid is not None:
                yield ("uid", part.user), plan.uid
            if plan.gid is not None:
                yield ("gid", part.group or str(part.user)), plan.gid


def _files(part: Spec, certificates: Mapping[str, CertificateSpec]) -> Iterator[Path]:
    for key in READ_ONCE.get(type(part), ()):
        file = getattr(part, key)
        if file is not None:
            yield file
    if isinstance(part, ProxySpec) and part.certificate is not None:
        shown = part.certificate
        shown = certificates[shown] if isinstance(shown, str) else shown
        yield from (shown.certificate, shown.key)


def _digest_of(file: Path) -> str:
    try:
        return digest(file.read_bytes())
    except OSError:
        return ""


def _shown(loaded: Loaded, name: str, parts: list[Spec]) -> Iterator[object]:
    for part in parts:
        if isinstance(part, RouteBuiltinSpec) and part.welcome is not None:
            yield tuple(overview(loaded))
        elif isinstance(part, DocsSpec):
            title = part.title or name
            documents = [openapi(loaded, name, title, part.version), asyncapi(loaded, title, part.version)]
            yield digest(json.dumps(documents).encode())
