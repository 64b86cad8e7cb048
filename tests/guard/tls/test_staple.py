from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseBuilder, OCSPResponseStatus
from OpenSSL import SSL
from twisted.internet.testing import StringTransport

from protocols.guard.tls.files import TLSFileError
from protocols.guard.tls.staple import read_staple


def chain_of(files, kit=None):
    chain = x509.load_pem_x509_certificates(files.certificate.read_bytes())
    return chain if kit is None else [*chain, kit.certificate]


@pytest.fixture
def own(new_kit, tmp_path):
    return new_kit(tmp_path)


@pytest.mark.parametrize("with_issuer", [True, False])
def test_a_response_for_the_certificate(own, with_issuer):
    files = own.issue("a.test")
    file = own.staple(files)
    staple = read_staple(file, chain_of(files, own if with_issuer else None))
    assert staple.der == file.read_bytes()
    moment = datetime.now(UTC)
    assert staple.is_current(moment)
    assert not staple.is_current(moment + timedelta(days=1))


def test_a_response_for_another(own, new_kit, tmp_path):
    files, other = own.issue("a.test"), own.issue("b.test")
    with pytest.raises(TLSFileError, match="is for another certificate"):
        read_staple(own.staple(other), chain_of(files))
    (tmp_path / "second").mkdir()
    stranger = new_kit(tmp_path / "second")
    with pytest.raises(TLSFileError, match="is for another certificate"):
        read_staple(own.staple(files), [chain_of(files)[0], stranger.certificate])


@pytest.mark.parametrize("status", [OCSPCertStatus.REVOKED, OCSPCertStatus.UNKNOWN])
def test_a_response_that_is_bad_news(own, status):
    files = own.issue("a.test")
    with pytest.raises(TLSFileError, match=f"says that the certificate is {status.name.lower()}"):
        read_staple(own.staple(files, status=status), chain_of(files))


def test_what_is_no_response(own, tmp_path):
    files, file = own.issue("a.test"), tmp_path / "x.der"
    file.write_bytes(b"nothing")
    with pytest.raises(TLSFileError, match="holds no OCSP response in DER form"):
        read_staple(file, chain_of(files))
    with pytest.raises(TLSFileError, match="cannot be read"):
        read_staple(tmp_path / "none", chain_of(files))
    from cryptography.hazmat.primitives.serialization import Encoding

    refusal = OCSPResponseBuilder.build_unsuccessful(OCSPResponseStatus.TRY_LATER)
    file.write_bytes(refusal.public_bytes(Encoding.DER))
    with pytest.raises(TLSFileError, match="says try_later"):
        read_staple(file, chain_of(files))


def stapled(service):
    """What a client that asks for it is given."""
    given = []
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_ocsp_client_callback(lambda connection, data, _: given.append(data) or True)
    end = SSL.Connection(context, None)
    end.request_ocsp()
    end.set_tlsext_host_name(b"a.test")
    end.set_connect_state()
    protocol, transport = service.factory.buildProtocol(None), StringTransport()
    protocol.makeConnection(transport)
    with pytest.raises(SSL.WantReadError):
        end.do_handshake()
    protocol.dataReceived(end.bio_read(65_536))
    end.bio_write(transport.value())
    end.do_handshake()
    return given[0]


def test_it_is_stapled_and_read_anew(own, serve, warnings):
    files = own.issue("a.test")
    file = own.staple(files)
    service = serve(replace(files, ocsp=file))
    first = stapled(service)
    assert first == file.read_bytes()
    own.staple(files, days=2)
    assert service.server.reload()
    assert stapled(service) == file.read_bytes() != first
    file.write_bytes(b"broken")
    assert service.server.reload()
    assert stapled(service) not in (b"", first)  # the one from before is still good
    assert len(warnings) == 1
    assert "not stapled to" in warnings[0]


def test_one_that_is_out_of_date_is_not(own, serve):
    files = own.issue("a.test")
    service = serve(replace(files, ocsp=own.staple(files, days=-1)))
    assert stapled(service) == b""
    (text,) = service.server.warnings(datetime.now(UTC))
    assert text.endswith("ocsp.der is out of date, and not stapled")


def test_one_of_the_certificate_before_is_not(own, serve, warnings):
    files = own.issue("a.test")
    own.staple(files)
    service = serve(replace(files, ocsp=own.folder / "ocsp.der"))
    renewed = own.issue("a.test", file="renewed")
    shutil.copy(renewed.certificate, files.certificate)
    shutil.copy(renewed.key, files.key)
    assert service.server.reload()
    assert stapled(service) == b""
    assert "is for another certificate" in warnings[0]
