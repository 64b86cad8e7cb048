from __future__ import annotations

import ssl

import pytest
from OpenSSL import SSL
from twisted.internet.testing import StringTransport

from protocols.guard.tls import PROFILES


def test_the_modern_profile_is_tls_1_3_only(kit, serve):
    service = serve(kit.issue("a.test"), profile=PROFILES["modern"])
    assert service.connect(kit.client(), "a.test").shake().end.version() == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match="alert protocol version"):
        service.connect(kit.client(version=ssl.TLSVersion.TLSv1_2), "a.test").shake()


def test_certificates_between_are_sent(new_kit, tmp_path, serve):
    own = new_kit(tmp_path)
    authority, own.authority = own.authority, own.authority.create_child_ca()
    service = serve(own.issue("a.test"))
    service.connect(own.client(authority=authority), "a.test").shake()


def group(service, *offered: str) -> str | None:
    """In which group keys are exchanged with a client that offers some."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if offered:
        from OpenSSL import _util

        assert _util.lib.SSL_CTX_set1_curves_list(context._context, ":".join(offered).encode()) == 1
    end = SSL.Connection(context, None)
    end.set_connect_state()
    protocol, transport = service.factory.buildProtocol(None), StringTransport()
    protocol.makeConnection(transport)
    for _ in range(3):
        try:
            end.do_handshake()
        except SSL.WantReadError:
            protocol.dataReceived(end.bio_read(65_536))
            end.bio_write(transport.value())
            transport.clear()
        else:
            return end.get_group_name()
    return None


def test_keys_are_exchanged_in_good_groups(kit, serve):
    service = serve(kit.issue("a.test"))
    assert group(service).upper() == "X25519MLKEM768"
    assert group(service, "P-256").lower() in ("secp256r1", "prime256v1")
    with pytest.raises(SSL.Error, match="handshake failure"):
        group(service, "P-521")


def test_an_openssl_that_does_not_know_the_groups_has_its_own(kit, serve, monkeypatch):
    from dataclasses import replace

    profile = replace(PROFILES["intermediate"], groups=b"nonsense")
    service = serve(kit.issue("a.test"), profile=profile)
    service.connect(kit.client(), "a.test").shake()
