"""From the words of ``tls`` to the settings of a server."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.protocol import Factory
from twisted.internet.task import Clock

from protocols.daemon.service_tls import ServiceTLS, tls_settings
from protocols.daemon.spec.tls import CertificateSpec, TlsSpec
from protocols.guard import ServerTLS
from protocols.guard.tls import PROFILES, CertificateFiles, ClientRule
from protocols.journal import Journal

CERTIFICATES = {
    "main": CertificateSpec(certificate=Path("/m.pem"), key=Path("/m.key")),
    "admin": CertificateSpec(certificate=Path("/a.pem"), key=Path("/a.key"), ocsp=Path("/a.ocsp")),
}
MAIN = CertificateFiles(Path("/m.pem"), Path("/m.key"), None, "main")
ADMIN = CertificateFiles(Path("/a.pem"), Path("/a.key"), Path("/a.ocsp"), "admin")


def settings(words):
    return tls_settings(TlsSpec.model_validate(words), CERTIFICATES, (b"h2",))


def test_a_name_is_enough():
    found = settings("main")
    assert list(found.certificates) == [MAIN]
    assert (found.protocols, found.profile) == ((b"h2",), PROFILES["intermediate"])
    assert (found.client, found.names) == (None, {})


def test_everything():
    found = settings(
        {
            "certificate": ["main", {"certificate": "/x.pem", "key": "/x.key"}],
            "profile": "modern",
            "client": {"ca": "/ca.pem", "crl": "/crl.pem", "required": False},
            "names": {
                "admin.test": {"certificate": "admin", "client": "/other.pem"},
                "open.test": {"client": "none"},
                "same.test": "admin",
            },
        }
    )
    rule = ClientRule(Path("/ca.pem"), Path("/crl.pem"), required=False)
    assert list(found.certificates) == [MAIN, CertificateFiles(Path("/x.pem"), Path("/x.key"))]
    assert (found.profile, found.client) == (PROFILES["modern"], rule)
    names = found.names
    assert (names["admin.test"].certificate, names["admin.test"].client) == (
        ADMIN,
        ClientRule(Path("/other.pem")),
    )
    assert (names["open.test"].certificate, names["open.test"].client) == (None, None)
    assert (names["same.test"].certificate, names["same.test"].client) == (ADMIN, rule)


def test_limits_are_those_of_the_service(tmp_path):
    import trustme

    file = tmp_path / "both.pem"
    trustme.CA().issue_cert("a.test").private_key_and_cert_chain_pem.write_to_path(file)
    tls = ServiceTLS(ServerTLS.of(file, file), Clock(), handshake=3, pending=7)
    factory = tls.around(Factory(), Journal("web"))
    assert (factory.handshakes.seconds, factory.handshakes.limit) == (3, 7)
    assert factory.tls is tls.server
