"""``polyport cert``, and the TLS of ``send`` and ``listen`` with what it makes."""

from __future__ import annotations

import ipaddress
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from protocols.daemon.command.development_ca import Pair, general_name, issue, make_authority
from protocols.guard.tls.staple import read_staple


@pytest.fixture
def tls(tmp_path, polyport):
    folder = tmp_path / "tls"
    made = polyport("cert", "--out", folder)
    assert made.returncode == 0, made.stderr
    return folder


def serve(listening, tls, *arguments):
    pair = ("--certificate", tls / "localhost.pem", "--key", tls / "localhost.key")
    return listening("--echo", *pair, *arguments, "tls://127.0.0.1:0")


def test_files_and_their_modes(tls):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tls.iterdir()}
    assert modes == {
        "ca.pem": 0o644,
        "ca.key": 0o600,
        "ca.crl": 0o644,
        "localhost.pem": 0o644,
        "localhost.key": 0o600,
        "localhost.ocsp": 0o644,
    }


def test_how_a_client_shows_it_is_told(polyport, tmp_path):
    made = polyport("cert", "dev7", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    last = made.stdout.decode().splitlines()[-1]
    assert last.endswith(
        "send --ca tls/ca.pem --certificate tls/dev7.pem --key tls/dev7.key tls://localhost:7443 hello"
    )


def test_contents(tls):
    ca = x509.load_pem_x509_certificate((tls / "ca.pem").read_bytes())
    leaf = x509.load_pem_x509_certificate((tls / "localhost.pem").read_bytes())
    key = load_pem_private_key((tls / "localhost.key").read_bytes(), None)
    leaf.verify_directly_issued_by(ca)
    assert key.public_key() == leaf.public_key()
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    ]
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert (leaf.not_valid_after_utc - datetime.now(UTC)).days == 396
    assert (ca.not_valid_after_utc - datetime.now(UTC)).days == 3652


def test_the_authority_and_the_certificate_are_kept(tls, polyport):
    before = {path: path.read_bytes() for path in tls.iterdir()}
    kept = polyport("cert", "--out", tls)
    assert b"kept" in kept.stdout
    assert {path: path.read_bytes() for path in tls.iterdir()} == before
    assert polyport("cert", "--out", tls, "--force", "--days", "10").returncode == 0
    changed = {path.name for path, data in before.items() if path.read_bytes() != data}
    assert changed == {"localhost.pem", "localhost.key", "localhost.ocsp"}


def test_half_a_pair_is_an_error(tls, polyport):
    (tls / "ca.key").unlink()
    made = polyport("cert", "--out", tls)
    assert made.returncode == 1
    assert b"ca.key" in made.stderr


@pytest.mark.parametrize(
    "name", ["a b", "https://x.test", "x..y", "*", "*.test", "300.1.1.1", "a:80", "", "ca"]
)
def test_bad_names_are_refused(name, polyport, tmp_path):
    made = polyport("cert", "--out", tmp_path / "tls", name)
    assert made.returncode == 2
    assert not (tmp_path / "tls").exists()


def test_wildcards_and_names_of_other_scripts():
    assert general_name("*.example.test") == x509.DNSName("*.example.test")
    assert general_name("bücher.example") == x509.DNSName("xn--bcher-kva.example")


def test_a_trusted_server(tls, polyport, listening):
    server = serve(listening, tls, "-n", 2)
    sent = polyport("send", "--ca", tls / "ca.pem", server.address, "one", "two")
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, b"one\ntwo\n", b"")
    assert server.end() == (0, b"one\ntwo\n", "")


def test_an_unknown_authority(tls, polyport, listening):
    server = serve(listening, tls)
    sent = polyport("send", server.address, "one")
    assert (sent.returncode, sent.stdout) == (1, b"")
    assert b"not trusted" in sent.stderr


def test_insecure_warns_and_goes_on(tls, polyport, listening):
    server = serve(listening, tls)
    sent = polyport("send", "--insecure", server.address, "one")
    assert (sent.returncode, sent.stdout) == (0, b"one\n")
    assert b"warning" in sent.stderr


def test_another_name(tls, polyport, listening):
    server = serve(listening, tls)
    sent = polyport("send", "--ca", tls / "ca.pem", "--server-name", "other.test", server.address, "one")
    assert sent.returncode == 1
    assert b"not for other.test, but for localhost, 127.0.0.1, ::1" in sent.stderr


def test_an_expired_certificate(tls, polyport, listening):
    authority = Pair.from_pem((tls / "ca.pem").read_bytes(), (tls / "ca.key").read_bytes())
    # An authority that was there a year ago is needed for a certificate that ended since.
    then = datetime.now(UTC) - timedelta(days=365)
    old = make_authority(then)
    expired = issue(old, ["localhost", "127.0.0.1"], 30, then)
    (tls / "old.pem").write_bytes(old.certificate_pem)
    (tls / "localhost.pem").write_bytes(expired.certificate_pem)
    (tls / "localhost.key").write_bytes(expired.key_pem)
    assert authority.certificate != old.certificate
    server = serve(listening, tls)
    sent = polyport("send", "--ca", tls / "old.pem", server.address, "one")
    assert sent.returncode == 1
    assert b"certificate has expired" in sent.stderr


def test_a_server_without_tls(tls, polyport, listening):
    server = listening("--echo", "tcp://127.0.0.1:0")
    sent = polyport(
        "send", "--ca", tls / "ca.pem", server.address.replace("tcp", "tls"), "one", "--timeout", "3s"
    )
    assert (sent.returncode, sent.stdout) == (1, b"")
    assert b"Traceback" not in sent.stderr


def test_tls_without_a_certificate_is_wrong_usage(polyport):
    assert polyport("listen", "tls://127.0.0.1:0").returncode == 2


def test_nothing_is_revoked(tls, polyport):
    from cryptography.hazmat.primitives.serialization import Encoding

    authority = x509.load_pem_x509_certificate((tls / "ca.pem").read_bytes())
    certificate = x509.load_pem_x509_certificate((tls / "localhost.pem").read_bytes())
    revoked = x509.load_pem_x509_crl((tls / "ca.crl").read_bytes())
    assert revoked.is_signature_valid(authority.public_key())
    assert revoked.get_revoked_certificate_by_serial_number(certificate.serial_number) is None
    staple = read_staple(tls / "localhost.ocsp", [certificate, authority])
    assert staple.until == certificate.not_valid_after_utc
    (tls / "localhost.ocsp").unlink()
    assert polyport("cert", "--out", tls).returncode == 0
    assert read_staple(tls / "localhost.ocsp", [certificate, authority]).until == staple.until
    assert certificate.public_bytes(Encoding.PEM) == (tls / "localhost.pem").read_bytes()
