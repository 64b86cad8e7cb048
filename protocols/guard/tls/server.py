"""The server's side of TLS for one service: made of files, and made anew when those change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from twisted.logger import Logger

from protocols.guard.tls.client_hello import canonical
from protocols.guard.tls.clients import Clients
from protocols.guard.tls.context import server_context
from protocols.guard.tls.credential import Credential
from protocols.guard.tls.files import CertificateFiles, ClientRule, TLSFileError
from protocols.guard.tls.profile import INTERMEDIATE, Profile
from protocols.guard.tls.staple import now
from protocols.guard.tls.table import Host, Table, by_certificate

log = Logger(namespace="polyport")


@dataclass(frozen=True, slots=True)
class NameSettings:
    """What a name has of its own."""

    certificate: CertificateFiles | None = None
    """``None``: the one that is for the name, as for all others."""
    client: ClientRule | None = None


@dataclass(frozen=True, slots=True)
class TLSSettings:
    """What a service's TLS is like."""

    certificates: Sequence[CertificateFiles]
    """A client gets the first that is for the name it asks for, or else the first of all."""
    protocols: Sequence[bytes] = ()
    """What is spoken inside, for ALPN (RFC 7301), the preferred first."""
    profile: Profile = INTERMEDIATE
    client: ClientRule | None = None
    """For the names that have no settings of their own."""
    names: Mapping[str, NameSettings] = field(default_factory=dict)
    """By name, ``*.example.org`` for all names below."""


class ServerTLS:
    """The present certificates, keys and rules of one service.

    .. attribute:: table

       What new connections are served with; those that there are keep what they have.

    Raises :class:`~.files.TLSFileError` for files that do not hold what they should.
    """

    def __init__(self, settings: TLSSettings, service: str = "") -> None:
        self.settings = settings
        self._service = service
        self._credentials: dict[CertificateFiles, Credential] = {}
        self._clients: dict[ClientRule, Clients] = {}
        self._refused: str | None = None  # why the files are not what is served
        self.table = self._load()

    @classmethod
    def of(cls, certificate: Path, key: Path, protocols: Sequence[bytes] = ()) -> ServerTLS:
        """With one certificate for all names."""
        return cls(TLSSettings([CertificateFiles(certificate, key)], protocols))

    def reload(self) -> bool:
        """Read every file anew, and serve new connections with what they hold: whether that was done.

        Files that are broken, or do not fit each other, change nothing; that is logged, once for each reason.
        """
        try:
            self.table = self._load()
        except TLSFileError as error:
            if str(error) != self._refused:
                self._refused = str(error)
                log.error(
                    "{service}: certificates are kept as they were: {error}",
                    service=self._service,
                    error=error,
                )
            return False
        self._refused = None
        log.info("{service}: certificates read anew ({expiry})", service=self._service, expiry=self._expiry())
        self.warn(now())
        return True

    def renew_ticket_keys(self) -> None:
        """Forget the keys by which sessions are resumed; who has a ticket of them makes a full handshake."""
        self.table = self._table(self._credentials, self._clients)

    def files(self) -> Iterator[Path]:
        """Every file that this is made of."""
        for each in self._certificates():
            yield from each.all
        for rule in self._rules():
            yield from rule.all

    def warnings(self, moment: datetime) -> Iterator[str]:
        """What is not wrong but will be, or should be seen to: one line for each."""
        for credential in self._credentials.values():
            yield from credential.warnings(moment)
        for clients in self._clients.values():
            yield from clients.warnings(moment)

    def warn(self, moment: datetime) -> None:
        """Say that in the log."""
        for text in self.warnings(moment):
            log.warn("{service}: {text}", service=self._service, text=text)

    def expiries(self) -> dict[str, datetime]:
        """When each certificate runs out, by its name or file."""
        return {credential.label: credential.expires for credential in self._credentials.values()}

    def _load(self) -> Table:
        known = self._credentials
        credentials = {files: Credential(files, known.get(files)) for files in self._certificates()}
        clients = {rule: Clients(rule) for rule in self._rules()}
        table = self._table(credentials, clients)
        self._credentials, self._clients = credentials, clients
        return table

    def _table(
        self, credentials: Mapping[CertificateFiles, Credential], clients: Mapping[ClientRule, Clients]
    ) -> Table:
        settings = self.settings

        def host(files: CertificateFiles, rule: ClientRule | None, who: str) -> Host:
            asking = None if rule is None else clients[rule]
            context = server_context(credentials[files], asking, settings.profile, settings.protocols, who)
            return Host(credentials[files], rule, context)

        hosts = [
            host(each, settings.client, f"certificate {i}") for i, each in enumerate(settings.certificates)
        ]
        certified = by_certificate(hosts)
        fitting = Table(hosts[0], {}, certified)
        named = {}
        for name, own in settings.names.items():
            files = own.certificate or fitting.find(canonical(name)).credential.files
            named[canonical(name)] = host(files, own.client, f"name {name}")
        return Table(hosts[0], named, certified)

    def _certificates(self) -> list[CertificateFiles]:
        own = [each.certificate for each in self.settings.names.values() if each.certificate]
        return list(dict.fromkeys([*self.settings.certificates, *own]))

    def _rules(self) -> list[ClientRule]:
        rules = [self.settings.client, *(each.client for each in self.settings.names.values())]
        return list(dict.fromkeys(rule for rule in rules if rule is not None))

    def _expiry(self) -> str:
        first = min(self.expiries().values())
        return f"the first runs out on {first:%Y-%m-%d}"
