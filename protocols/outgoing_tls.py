"""The client's side of TLS: a server is what its certificate proves, never what it says."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

import idna
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto
from service_identity import VerificationError
from service_identity.hazmat import DNS_ID, IPAddress_ID, ServiceID, verify_service_identity
from service_identity.pyopenssl import extract_patterns
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

log = Logger(namespace="polyport")


@implementer(IOpenSSLClientConnectionCreator)
class OutgoingTLS:
    """TLS 1.2 or 1.3 to the server `name`, for :func:`twisted.internet.endpoints.wrapClientTLS`; one serves
    any number of connections.

    :param name: a DNS name or IP address, for which the server's certificate must be (RFC 9525); a DNS name
        is also what the server is told (SNI, RFC 6066, section 3).
    :param ca: PEM: the authorities that are trusted instead of the system's.
    :param system: whether those of the system are trusted all the same.
    :param certificate: PEM: our own certificate, for a server that asks for one, then intermediate ones.
    :param key: PEM: its key, not encrypted; ``None`` if it stands in the same file.
    :param protocols: what is offered in ALPN (RFC 7301), the preferred first.
    :param verify: ``False`` believes any server.

    Raises :class:`ValueError` for a file that does not hold what it should, or a name that is none, and
    :class:`OSError` for one that cannot be read.
    """

    def __init__(
        self,
        name: str,
        *,
        ca: Path | None = None,
        system: bool = False,
        certificate: Path | None = None,
        key: Path | None = None,
        protocols: Sequence[bytes] = (),
        verify: bool = True,
    ) -> None:
        self.name = name
        self._sni, self._identity = identity_of(name)
        self._verify = verify
        self._context = context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
        if ca is None or system:
            context.set_default_verify_paths()
        if ca is not None:
            _trust(context, ca)
        if certificate is not None:
            _show(context, certificate, key or certificate)
        if protocols:
            context.set_alpn_protos(list(protocols))

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Twisted asks for this, once for each connection."""
        connection = SSL.Connection(self._context, None)
        if self._sni is not None:
            connection.set_tlsext_host_name(self._sni)
        if self._verify:
            mode = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
            connection.set_verify(mode, _Verification(self._identity, tlsProtocol))
        return connection


class _Verification:
    """Asked about each certificate of one server's chain, the server's own last, at depth 0."""

    def __init__(self, identity: ServiceID, protocol: TLSMemoryBIOProtocol) -> None:
        self._identity = identity
        # OpenSSL keeps this as long as the connection, which the protocol holds.
        self._protocol: TLSMemoryBIOProtocol | None = protocol

    def __call__(
        self, connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, ok: int
    ) -> bool:
        if depth or not ok:
            return bool(ok)
        protocol, self._protocol = self._protocol, None
        try:
            verify_service_identity(extract_patterns(certificate), [self._identity], [])
        except VerificationError:
            assert protocol is not None
            protocol.failVerification(Failure())
            return False
        except Exception:  # noqa: BLE001 - in a callback of OpenSSL it would be lost
            log.failure("a server's certificate cannot be read")
            return False
        return True


def identity_of(name: str) -> tuple[bytes | None, ServiceID]:
    """What is sent as SNI, if anything, and what the certificate must have."""
    try:
        return None, IPAddress_ID(str(ipaddress.ip_address(name)))
    except ValueError:
        pass
    try:
        # The package has strict rules for names that need no encoding, such as those with an underscore.
        encoded = name.encode("ascii") if name.isascii() else idna.encode(name, uts46=True)
    except idna.IDNAError as error:
        raise ValueError(f"{name!r} is no name of a host: {error}") from None
    return encoded, DNS_ID(encoded.decode())


def read_certificates(file: Path) -> list[x509.Certificate]:
    """All certificates of a PEM file, one at least.

    Raises :class:`ValueError` if there is none, :class:`OSError` if the file cannot be read.
    """
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except ValueError:
        raise ValueError(f"{file} holds no PEM certificate") from None


def _trust(context: SSL.Context, ca: Path) -> None:
    store = context.get_cert_store()
    assert store is not None
    for certificate in read_certificates(ca):
        store.add_cert(crypto.X509.from_cryptography(certificate))


def _show(context: SSL.Context, certificate: Path, key: Path) -> None:
    """Have `context` prove itself by a certificate of our own."""
    chain = read_certificates(certificate)
    content = key.read_bytes()
    try:
        private = load_pem_private_key(content, password=None)
        context.use_privatekey(private)  # type: ignore[arg-type]  # no other kind proves anything
    except TypeError as error:
        if "encrypted" not in str(error):
            raise ValueError(f"{key} holds a key that proves nothing") from None
        raise ValueError(f"the key in {key} is encrypted") from None
    except (ValueError, UnsupportedAlgorithm, SSL.Error, crypto.Error):
        raise ValueError(f"{key} holds no private key in PEM form") from None
    try:
        context.use_certificate(chain[0])
        for intermediate in chain[1:]:
            context.add_extra_chain_cert(intermediate)
        context.check_privatekey()
    except (ValueError, TypeError, UnsupportedAlgorithm, SSL.Error, crypto.Error):
        raise ValueError(f"the key in {key} does not belong to the certificate in {certificate}") from None
