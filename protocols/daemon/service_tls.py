"""The TLS of one service: from its words to what wraps its factory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.interfaces import IProtocolFactory

from protocols.daemon.spec.tls import CertificateSpec, ClientSpec, TlsSpec
from protocols.guard import ServerTLS, TLSFactory
from protocols.guard.tls import PROFILES, CertificateFiles, ClientRule, NameSettings, TLSSettings
from protocols.guard.tls.handshakes import HANDSHAKE, PENDING
from protocols.guard.tls.upkeep import Upkeep
from protocols.journal import Journal


class ServiceTLS:
    """What the addresses of one service that speak TLS have in common.

    .. attribute:: upkeep

       Reads its files anew as they change, once it is started; ``upkeep.reload()`` does so at once.
    """

    def __init__(
        self,
        server: ServerTLS,
        reactor: Any,
        *,
        handshake: float = HANDSHAKE,
        pending: int = PENDING,
    ) -> None:
        self.server = server
        self.upkeep = Upkeep(server, reactor)
        self._reactor = reactor
        self._handshake = handshake
        self._pending = pending

    def around(self, factory: IProtocolFactory, journal: Journal) -> TLSFactory:
        """`factory`, for an address that speaks TLS."""
        return TLSFactory(
            self.server,
            factory,
            journal=journal,
            clock=self._reactor,
            handshake=self._handshake,
            pending=self._pending,
        )


def tls_settings(
    spec: TlsSpec, certificates: Mapping[str, CertificateSpec], protocols: Sequence[bytes]
) -> TLSSettings:
    """What `spec` says, with its certificates looked up by name."""

    def files(named: str | CertificateSpec) -> CertificateFiles:
        if isinstance(named, CertificateSpec):
            return CertificateFiles(named.certificate, named.key, named.ocsp)
        found = certificates[named]
        return CertificateFiles(found.certificate, found.key, found.ocsp, named)

    def rule(client: ClientSpec | str | None) -> ClientRule | None:
        if not isinstance(client, ClientSpec):
            return None
        return ClientRule(client.ca, client.crl, client.required)

    names = {
        name: NameSettings(
            None if own.certificate is None else files(own.certificate),
            rule(spec.client if own.client is None else own.client),
        )
        for name, own in spec.names.items()
    }
    return TLSSettings(
        [files(each) for each in spec.certificate],
        protocols,
        PROFILES[spec.profile],
        rule(spec.client),
        names,
    )
