from __future__ import annotations

import pytest

from protocols.client import TLS, connect
from protocols.client.tls import CertificateNameError, check_name


def test_a_file_without_a_certificate(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ValueError, match="holds no PEM certificate"):
        TLS(tmp_path / "ca.pem").context()


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        TLS(certificate=tmp_path / "none.pem").context()


def test_a_key_of_another_certificate(authority, tmp_path):
    one, other = authority.issue_cert("one.test"), authority.issue_cert("other.test")
    one.cert_chain_pems[0].write_to_path(str(tmp_path / "one.pem"))
    other.private_key_pem.write_to_path(str(tmp_path / "other.key"))
    with pytest.raises(ValueError, match="does not belong to the certificate"):
        TLS(certificate=tmp_path / "one.pem", key=tmp_path / "other.key").context()


def test_a_certificate_without_its_key(authority, tmp_path):
    authority.issue_cert("one.test").cert_chain_pems[0].write_to_path(str(tmp_path / "one.pem"))
    with pytest.raises(ValueError, match=r"one\.pem does not hold a certificate and its key"):
        TLS(certificate=tmp_path / "one.pem").context()


def test_a_server_that_shows_nothing():
    with pytest.raises(CertificateNameError, match="no certificate"):
        check_name("localhost", None)


def test_tls_settings_are_for_tls():
    with pytest.raises(ValueError, match="tls= needs tls://"):
        connect("tcp://127.0.0.1:9", tls=TLS())


def test_a_name_that_is_none():
    with pytest.raises(ValueError, match="no name of a host"):
        connect("tls://127.0.0.1:9", tls=TLS(server_name="ü" * 70))
