"""The client's side of TLS: whom to trust, and why a server was not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from OpenSSL import SSL, crypto
from service_identity import VerificationError
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure

from protocols.outgoing_tls import OutgoingTLS


class CertificateFileError(Exception):
    """A file does not hold what it should."""


@dataclass(frozen=True, slots=True)
class TLSSettings:
    """What the command line says about TLS."""

    name: str
    """The DNS name or IP address that the server's certificate must be for."""
    ca: Path | None = None
    """PEM certificates to trust as well as the system's."""
    certificate: Path | None = None
    """PEM: our own certificate, then intermediate ones."""
    key: Path | None = None
    """PEM: its key; ``None`` if it stands in the same file."""
    insecure: bool = False
    """Whether to believe any server."""


class ClientTLS(OutgoingTLS):
    """Makes the TLS connection of ``send``, and explains its failure.

    Raises :class:`CertificateFileError`.
    """

    def __init__(self, settings: TLSSettings) -> None:
        self._settings = settings
        self._connection: SSL.Connection | None = None
        try:
            super().__init__(
                settings.name,
                ca=settings.ca,
                system=True,
                certificate=settings.certificate,
                key=settings.key,
                verify=not settings.insecure,
            )
        except OSError as error:
            raise CertificateFileError(f"{error.filename}: {error.strerror}") from None
        except ValueError as error:
            raise CertificateFileError(str(error)) from None

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        self._connection = super().clientConnectionForTLS(tlsProtocol)
        return self._connection

    def explain(self, failure: Failure) -> str | None:
        """What TLS had against the connection; ``None`` if it was lost for another reason."""
        if failure.check(VerificationError):
            return f"the server's certificate is not for {self._settings.name}{self._its_names()}"
        if isinstance(failure.value, SSL.Error):
            reasons = failure.value.args[0] if failure.value.args else ()
            words = [reason[-1] for reason in reasons] if isinstance(reasons, list | tuple) else []
            if "certificate verify failed" in words:
                return f"the server's certificate is not trusted: {self._verdict()}"
            return _TLS_WORDS.get(words[0] if words else "", "; ".join(words) or "the server broke it off")
        return None

    def _its_names(self) -> str:
        """What the certificate is for instead."""
        chain = self._connection.get_peer_cert_chain() if self._connection else None
        if not chain:
            return ""
        try:
            names = chain[0].to_cryptography().extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            return ", it names no host"
        return ", but for " + ", ".join(str(name.value) for name in names.value)

    def _verdict(self) -> str:
        """What verification has against the certificate: Twisted's callback does not keep it."""
        chain = self._connection.get_peer_cert_chain() if self._connection else None
        store = self._connection.get_context().get_cert_store() if self._connection else None
        if not chain or store is None:
            return "certificate verify failed"
        try:
            crypto.X509StoreContext(store, chain[0], chain[1:]).verify_certificate()
        except crypto.X509StoreContextError as error:
            return f"{error} (--ca FILE trusts another authority)" if _is_unknown(str(error)) else str(error)
        return "certificate verify failed"


_TLS_WORDS = {
    "wrong version number": "the server does not speak TLS",
    "packet length too long": "the server does not speak TLS",
    "record layer failure": "the server does not speak TLS",
    "tlsv13 alert certificate required": "the server wants a client's certificate (--certificate FILE)",
    "unexpected eof while reading": "the server broke off the connection",
}
"""What OpenSSL's reasons mean to somebody who runs a client."""


def _is_unknown(verdict: str) -> bool:
    return "self-signed" in verdict or "self signed" in verdict or "issuer" in verdict
