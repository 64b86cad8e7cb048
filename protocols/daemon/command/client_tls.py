"""The client's side of TLS: whom to trust, and why a server was not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto
from service_identity import VerificationError
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions, PrivateCertificate, optionsForClientTLS
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

if TYPE_CHECKING:
    from typing import Any


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


@implementer(IOpenSSLClientConnectionCreator)
class ClientTLS:
    """Makes the TLS connections of ``send``, and explains their failures.

    Raises :class:`CertificateFileError`.
    """

    def __init__(self, settings: TLSSettings) -> None:
        self._settings = settings
        self._trusted = _trusted(settings.ca)
        own = _own_certificate(settings)
        if settings.insecure:
            options = CertificateOptions(verify=False, **own)
            self._context = options.getContext()
        else:
            self._verifying = optionsForClientTLS(settings.name, extraCertificateOptions=own)
        self._connection: SSL.Connection | None = None

    def clientConnectionForTLS(
        self,
        tlsProtocol: TLSMemoryBIOProtocol,
    ) -> SSL.Connection:
        if self._settings.insecure:
            connection = SSL.Connection(self._context, None)
            if not _is_ip_address(self._settings.name):
                connection.set_tlsext_host_name(self._settings.name.encode("idna"))
        else:
            connection = self._verifying.clientConnectionForTLS(tlsProtocol)
            store = connection.get_context().get_cert_store()
            assert store is not None
            for certificate in self._trusted:
                store.add_cert(certificate)
        self._connection = connection
        return connection

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


def _is_ip_address(name: str) -> bool:
    from protocols.daemon.spec.address import ip_address

    return ip_address(name) is not None


def _trusted(ca: Path | None) -> list[crypto.X509]:
    if ca is None:
        return []
    try:
        found = x509.load_pem_x509_certificates(ca.read_bytes())
    except OSError as error:
        raise CertificateFileError(f"{ca}: {error.strerror}") from None
    except ValueError:
        raise CertificateFileError(f"{ca} holds no PEM certificate") from None
    return [crypto.X509.from_cryptography(certificate) for certificate in found]


def _own_certificate(settings: TLSSettings) -> dict[str, Any]:
    """The options for Twisted that show our certificate to the server."""
    if settings.certificate is None:
        return {}
    key = settings.key or settings.certificate
    try:
        chain = x509.load_pem_x509_certificates(settings.certificate.read_bytes())
        leaf = chain[0].public_bytes(Encoding.PEM)
        pair = PrivateCertificate.loadPEM(leaf + b"\n" + key.read_bytes())
    except OSError as error:
        raise CertificateFileError(f"{error.filename}: {error.strerror}") from None
    except (ValueError, TypeError, SSL.Error, crypto.Error):
        raise CertificateFileError(f"{settings.certificate} and {key} are no certificate and key") from None
    options: dict[str, Any] = {
        "privateKey": pair.privateKey.original,
        "certificate": pair.original,
    }
    if chain[1:]:
        options["extraCertChain"] = [crypto.X509.from_cryptography(one) for one in chain[1:]]
    return options
