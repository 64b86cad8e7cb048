"""Certificates by name, and clients that prove themselves for some names: in memory, over both versions."""

from __future__ import annotations

import ssl
from dataclasses import replace

import pytest
import trustme
from OpenSSL import SSL
from twisted.internet.testing import StringTransport

from protocols.guard.tls import ClientRule, NameSettings


def test_a_certificate_for_each_name(kit, serve):
    one, wild = kit.issue("one.test"), kit.issue("*.two.test", "two.test")
    service = serve(one, wild)
    client = kit.client()
    for name in ("one.test", "x.two.test", "two.test"):
        service.connect(client, name).shake()  # it verifies the name
    with pytest.raises(ssl.SSLCertVerificationError):
        service.connect(client, "a.b.two.test").shake()


def test_the_first_is_for_all_other_names_and_for_none(kit, serve):
    service = serve(kit.issue("one.test"), kit.issue("two.test"))
    client = kit.client()
    client.check_hostname = False
    for name in ("three.test", None):
        peer = service.connect(client, name).shake()
        assert ("DNS", "one.test") in peer.end.getpeercert()["subjectAltName"]


def test_a_certificate_that_is_named_for_a_name(kit, serve):
    special = kit.issue("special.test", file="special")
    service = serve(kit.issue("special.test", "other.test"), names={"special.test": NameSettings(special)})
    peer = service.connect(kit.client(), "special.test").shake()
    assert peer.end.getpeercert()["subjectAltName"] == (("DNS", "special.test"),)


def test_what_is_known_of_a_client(kit, serve, version):
    service = serve(kit.issue("a.test"), client=ClientRule(kit.ca))
    own = kit.issue("device7.fleet.test", "10.0.0.7", "admin@fleet.test", common_name="device7")
    peer = service.peer_of(kit.client(version=version, certificate=own), "a.test")
    certificate = peer.certificate
    assert (peer.transport, peer.host, peer.user) == ("tls", "192.0.2.1", "device7")
    assert certificate.subject == "device7"
    assert set(certificate.names) == {"device7.fleet.test", "10.0.0.7", "admin@fleet.test"}
    assert certificate.fingerprint == ssl_fingerprint(own)
    assert certificate.expires.tzinfo is not None


def ssl_fingerprint(files):
    import hashlib

    der = ssl.PEM_cert_to_DER_cert(
        files.certificate.read_text().split("-----END")[0] + "-----END CERTIFICATE-----\n"
    )
    return hashlib.sha256(der).hexdigest()


def test_nothing_is_known_of_a_client_without_a_certificate(kit, serve, version):
    service = serve(kit.issue("a.test"), client=ClientRule(kit.ca, required=False))
    peer = service.peer_of(kit.client(version=version), "a.test")
    assert (peer.user, peer.certificate) == (None, None)


def refused(service, client, name):
    """Whether the service lets `client` in; it is told late in TLS 1.3."""
    before = len(service.inner.built)
    peer = service.connect(client, name)
    try:
        peer.shake()
        peer.read()
    except (ssl.SSLError, ssl.SSLEOFError):
        assert len(service.inner.built) == before
        assert peer.transport.disconnecting
        return True
    assert len(service.inner.built) == before + 1
    return False


@pytest.mark.parametrize("required", [True, False])
def test_a_certificate_of_another_authority(kit, new_kit, tmp_path, serve, version, required):
    stranger = new_kit(tmp_path).issue("stranger")
    service = serve(kit.issue("a.test"), client=ClientRule(kit.ca, required=required))
    assert refused(service, kit.client(version=version, certificate=stranger), "a.test")


def test_the_rules_of_a_name_hold_for_it_alone(kit, serve, version):
    rules = {
        "admin.test": NameSettings(client=ClientRule(kit.ca)),
        "*.fleet.test": NameSettings(client=ClientRule(kit.ca)),
    }
    service = serve(kit.issue("open.test", "admin.test", "x.fleet.test"), names=rules)
    without = kit.client(version=version)
    own = kit.client(version=version, certificate=kit.issue("me", common_name="me"))
    assert not refused(service, without, "open.test")
    assert refused(service, without, "admin.test")
    assert refused(service, without, "x.fleet.test")
    assert not refused(service, own, "admin.test")
    assert service.inner.built[-1].peer.user == "me"
    assert service.counts.failed_handshakes == 0  # nobody has hung up yet


def test_a_name_without_the_rule_of_the_service(kit, serve, version):
    service = serve(
        kit.issue("a.test", "open.test"),
        client=ClientRule(kit.ca),
        names={"open.test": NameSettings(client=None)},
    )
    without = kit.client(version=version)
    assert refused(service, without, "a.test")
    assert not refused(service, without, "open.test")


def test_each_name_has_authorities_of_its_own(kit, new_kit, tmp_path, serve, version):
    other = new_kit(tmp_path)
    rules = {
        name: NameSettings(client=ClientRule(ca)) for name, ca in (("a.test", kit.ca), ("b.test", other.ca))
    }
    service = serve(kit.issue("a.test", "b.test"), names=rules)
    ours = kit.client(version=version, certificate=kit.issue("ours"))
    theirs = kit.client(version=version, certificate=other.issue("theirs"))
    assert not refused(service, ours, "a.test")
    assert refused(service, ours, "b.test")
    assert refused(service, theirs, "a.test")
    assert not refused(service, theirs, "b.test")


def test_clients_are_told_the_authorities_of_the_name(kit, new_kit, tmp_path, serve):
    other = new_kit(tmp_path)
    rules = {
        name: NameSettings(client=ClientRule(ca)) for name, ca in (("a.test", kit.ca), ("b.test", other.ca))
    }
    service = serve(kit.issue("a.test", "b.test"), names=rules)
    for name, authority in (("a.test", kit), ("b.test", other)):
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        end = SSL.Connection(context, None)
        end.set_tlsext_host_name(name.encode())
        end.set_connect_state()
        protocol = service.factory.buildProtocol(None)
        transport = StringTransport()
        protocol.makeConnection(transport)
        with pytest.raises(SSL.WantReadError):
            end.do_handshake()
        protocol.dataReceived(end.bio_read(65_536))
        end.bio_write(transport.value())
        with pytest.raises(SSL.WantReadError):
            end.do_handshake()
        (named,) = end.get_client_ca_list()
        expected = trustme_subject(authority.authority)
        assert named.der() == expected


def trustme_subject(authority: trustme.CA) -> bytes:
    from cryptography import x509

    return x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject.public_bytes()


def test_hosts_that_a_connection_is_good_for(kit, serve):
    rules = {"admin.test": NameSettings(client=ClientRule(kit.ca, required=False))}
    service = serve(kit.issue("a.test", "b.test", "admin.test"), names=rules)
    client = kit.client()
    plain = service.connect(client, "a.test").shake().protocol
    assert plain.governs("a.test")
    assert plain.governs("b.test:8443")
    assert not plain.governs("admin.test")
    assert not plain.governs("ADMIN.test.:443")
    admin = service.connect(client, "admin.test").shake().protocol
    assert admin.governs("admin.test")
    assert not admin.governs("a.test")
    assert not admin.governs("")


def test_without_rules_by_name_every_host_will_do(kit, serve):
    service = serve(kit.issue("a.test"), kit.issue("b.test"), client=ClientRule(kit.ca, required=False))
    assert service.connect(kit.client(), "a.test").shake().protocol.governs is None


# -- resumption --------------------------------------------------------------------------------------


def session_of(service, client, name):
    peer = service.connect(client, name).shake()
    peer.read()  # in TLS 1.3 tickets come behind the handshake
    return peer.end.session


def resumes(service, client, name, session):
    """Whether the service resumes `session`, which a client has got, for `name`."""
    peer = service.connect(client, name, session)
    peer.shake()
    return peer.end.session_reused


def test_sessions_are_resumed(kit, serve, version):
    service = serve(kit.issue("a.test"), kit.issue("b.test"))
    client = kit.client(version=version)
    session = session_of(service, client, "a.test")
    assert session.has_ticket
    assert resumes(service, client, "a.test", session)


def test_with_new_keys_sessions_are_not(kit, serve, version):
    service = serve(kit.issue("a.test"))
    client = kit.client(version=version)
    session = session_of(service, client, "a.test")
    service.server.renew_ticket_keys()
    assert not resumes(service, client, "a.test", session)
    assert resumes(service, client, "a.test", session_of(service, client, "a.test"))


@pytest.mark.parametrize("required", [True, False])
def test_who_proves_himself_does_so_each_time(kit, serve, version, required):
    service = serve(kit.issue("a.test"), client=ClientRule(kit.ca, required=required))
    client = kit.client(version=version, certificate=kit.issue("me"))
    session = session_of(service, client, "a.test")
    assert session is None or not resumes(service, client, "a.test", session)


def test_a_session_of_an_open_name_opens_no_other(kit, serve, version):
    rules = {"admin.test": NameSettings(client=ClientRule(kit.ca))}
    service = serve(kit.issue("open.test", "admin.test"), names=rules)
    client = kit.client(version=version)
    session = session_of(service, client, "open.test")
    assert resumes(service, client, "open.test", session)
    peer = service.connect(client, "admin.test", session)
    with pytest.raises(ssl.SSLError, match=r"(?i)handshake failure|certificate required"):
        peer.shake().read()
    assert len(service.inner.built) == 2


def test_a_session_of_one_certificate_is_none_of_another(kit, serve, version):
    service = serve(kit.issue("a.test"), kit.issue("b.test"))
    client = kit.client(version=version)
    session = session_of(service, client, "a.test")
    assert not resumes(service, client, "b.test", session)


def test_files_can_be_compared(kit, rule):
    assert rule == ClientRule(kit.ca)
    assert replace(rule, required=False) != rule
