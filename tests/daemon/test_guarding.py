"""What stands around a service, and in which order."""

from __future__ import annotations

import ssl
import subprocess
from functools import partial

import pytest
import trustme
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock

from protocols.daemon.access_rules import access_of, written_rules
from protocols.daemon.carriers import Carriers, Gate
from protocols.daemon.guarding import guarded_datagrams, guarded_streams
from protocols.daemon.named_networks import NamedNetworks
from protocols.daemon.spec.access import AccessSpec
from protocols.daemon.spec.address import Address
from protocols.datagram import DatagramServer
from protocols.guard import ProxyProtocolFactory, TLSFactory
from protocols.guard.access import AccessFactory
from protocols.handlers import BUILTINS
from protocols.journal import Journal
from protocols.networks import Networks

TCP, TLS = Address.parse("tcp://:7000"), Address.parse("tls://:7443")


def gate(allow: object, **settings) -> Gate:
    access = access_of(AccessSpec.model_validate({"allow": allow}), NamedNetworks({}))
    return Gate(access, **settings)


class AnyTLS:
    """The TLS of a service, without certificates."""

    def around(self, factory: Factory, journal: Journal) -> TLSFactory:
        return TLSFactory(object(), factory, journal=journal, clock=Clock())


def layers(gate: Gate | None, address: Address, proxies: Networks | None = None) -> list[Factory]:
    """The factories from the socket inwards."""
    carriers = Carriers(Journal("x"), Factory(), tls=AnyTLS(), gate=gate)
    if proxies is not None:
        carriers.proxy_header = partial(
            ProxyProtocolFactory, proxies=proxies, journal=carriers.journal, clock=Clock()
        )
    found = [guarded_streams(carriers, address)]
    while found[-1] is not carriers.stream:
        found.append(getattr(found[-1], "inner", None) or found[-1].wrappedFactory)
    return found[:-1]


def kinds(gate: Gate | None, address: Address) -> list[type]:
    return [type(layer) for layer in layers(gate, address)]


def test_nothing_but_what_is_asked_for() -> None:
    assert kinds(None, TCP) == []
    assert kinds(None, TLS) == [TLSFactory]
    assert kinds(gate("unix"), TCP) == [AccessFactory]


def test_networks_are_looked_at_before_tls() -> None:
    assert kinds(gate("unix"), TLS) == [AccessFactory, TLSFactory]


def test_a_proxy_says_whose_connection_it_is_before_all_else() -> None:
    found = layers(gate("unix"), TLS, Networks(unix=True))
    assert [type(layer) for layer in found] == [ProxyProtocolFactory, AccessFactory, TLSFactory]


@pytest.mark.parametrize("who", ["certificate:CN=dev*", "user:alice"])
def test_who_it_is_is_known_inside_of_tls(who) -> None:
    outer, tls, inner = layers(gate(who), TLS)
    assert [type(outer), type(tls), type(inner)] == [AccessFactory, TLSFactory, AccessFactory]
    assert (outer.admission.final, inner.admission.final) == (False, True)


@pytest.mark.parametrize(
    ("who", "address", "by_request", "final"),
    [
        ("unix", TCP, False, [True]),
        ("user:alice", TCP, False, [True]),
        ("user:alice", TCP, True, [False]),
        ("user:alice", TLS, True, [False, False]),
        ("certificate:a", TLS, True, [False, True]),
        ("certificate:a", TCP, True, [True]),
    ],
)
def test_the_last_who_can_know_decides(who, address, by_request, final) -> None:
    gates = [one for one in layers(gate(who, by_request=by_request), address) if type(one) is not TLSFactory]
    assert [one.admission.final for one in gates] == final


def test_how_a_connection_is_refused_and_who_passes() -> None:
    gates = layers(gate("user:a", refusal="reset", passes={"192.0.2.1"}, by_request=True), TLS)
    del gates[1]
    assert [one.refusal for one in gates] == ["reset", "reset"]
    assert all("192.0.2.1" in one.admission.passes for one in gates)


@pytest.mark.parametrize(
    ("who", "passes", "expected"),
    [
        ("unix", None, False),
        ("certificate:a", None, False),
        ("unix", {"192.0.2.1"}, True),
        ("user:alice", None, True),
        ({"hours": "08:00-09:00"}, None, True),
    ],
)
def test_what_is_asked_for_each_request_anew(who, passes, expected) -> None:
    one = gate(who, passes=passes, by_request=True)
    assert one.rules_of_requests is (one.access if expected else None)


def test_datagrams() -> None:
    def made() -> DatagramServer:
        return DatagramServer(BUILTINS["echo"].datagram, journal=carriers.journal)

    carriers = Carriers(Journal("x"), datagram=made, gate=gate("192.0.2.1"))
    server = guarded_datagrams(carriers)
    server.datagramReceived(b"a", ("192.0.2.2", 1))
    assert carriers.journal.counts.denied == 1
    carriers.gate = None
    assert "datagramReceived" not in vars(guarded_datagrams(carriers))


def test_without_an_order_what_is_denied_comes_first() -> None:
    spec = AccessSpec.model_validate({"allow": ["a", {"users": "b"}], "deny": "c"})
    assert [str(rule) for rule in written_rules(spec)] == [
        "deny networks c",
        "allow networks a",
        "allow users b",
    ]
    ordered = AccessSpec.model_validate(
        [{"allow": ["a", "b"]}, {"deny": {"networks": "c", "uids": [0, "x"]}}]
    )
    assert [(rule.path, str(rule)) for rule in written_rules(ordered)] == [
        (("rules", 0, "allow", 0), "allow networks a"),
        (("rules", 0, "allow", 1), "allow networks b"),
        (("rules", 1, "deny", 0), "deny networks c; uids 0, x"),
    ]


REAL = """
networks: {here: 127.0.0.1}
services:
  out: {listen: ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"], builtin: echo, access: {deny: here}}
  reset: {listen: "tcp://127.0.0.1:0", builtin: echo, access: {deny: all, refuse: reset}}
  in: {listen: ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"], builtin: echo, access: {allow: here}}
  mine: {listen: "unix:mine.sock", builtin: echo, access: {allow: {networks: unix, uids: [%d]}}}
  other: {listen: "unix:other.sock", builtin: echo, access: {deny: {uids: [%d]}}}
  secret:
    listen: tls://127.0.0.1:0
    tls: {certificate: {certificate: tls/localhost.pem, key: tls/localhost.key}}
    builtin: echo
    access: {deny: here}
  site:
    listen: [tcp://127.0.0.1:0, unix:site.sock]
    trusted: unix
    access: [deny: 192.0.2.0/24, allow: [here, unix, 198.51.100.0/24]]
    http:
      /: {respond: open}
      /nobody: {respond: a, access: {deny: here}}
      /alice: {respond: hello, auth: {basic: users}, access: {allow: user:alice}}
"""


@pytest.fixture
def daemon(real_daemon, written, tmp_path):
    import os

    from protocols.http.policy.passwords import hash_password

    users = tmp_path / "users"
    users.write_text("".join(f"{name}:{hash_password('a', 4)}\n" for name in ("alice", "bob")))
    users.chmod(0o600)
    daemon = real_daemon(written(REAL % (os.getuid(), os.getuid()))).ready()
    yield daemon
    assert daemon.stop() == 0
    assert daemon.errors == ""


def test_a_real_daemon(daemon, connect, tmp_path) -> None:
    with connect(daemon.port("in")) as client:
        assert client.ask("a") == b"a"
    with connect(daemon.port("out")) as client:
        assert client.rest() == b""
    # The reset may come before connect() has returned.
    with pytest.raises(ConnectionResetError), connect(daemon.port("reset")) as client:
        client.socket.recv(1)
    with connect(daemon.port("secret", "tls")) as client:
        assert client.rest() == b""
    with connect(tmp_path / "mine.sock") as client:
        assert client.ask("a") == b"a"
    with connect(tmp_path / "other.sock") as client:
        assert client.rest() == b""


def test_a_real_site(daemon, tmp_path) -> None:
    def curl(path: str, *options: str) -> int:
        url = f"http://127.0.0.1:{daemon.port('site')}{path}"
        command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *options, url]
        return int(subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout)

    behind = ("--unix-socket", str(tmp_path / "site.sock"), "-H")
    assert [curl("/"), curl("/nobody"), curl("/alice")] == [200, 403, 401]
    assert [curl("/alice", "-u", f"{name}:a") for name in ("alice", "bob")] == [200, 403]
    assert curl("/alice", *behind[:2], "-u", "alice:a") == 200  # whatever her account is called
    assert curl("/", *behind, "X-Forwarded-For: 198.51.100.1") == 200
    assert curl("/", *behind, "X-Forwarded-For: 192.0.2.1") == 403
    assert curl("/", *behind, "X-Forwarded-For: 203.0.113.1") == 403


FLEET = """
services:
  fleet:
    listen: tls://127.0.0.1:0
    tls: {certificate: {certificate: server.pem, key: server.pem}, client: {ca: ca.pem, required: false}}
    builtin: echo
    framing: lines
    access: {allow: ["certificate:CN=dev*", user:boss], deny: user:dev6}
"""


@pytest.mark.parametrize(
    ("name", "comes_in"), [("dev7", True), ("boss", True), ("dev6", False), ("eve", False), (None, False)]
)
def test_real_certificates(real_daemon, written, connect, tmp_path, name, comes_in) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    server = authority.issue_cert("localhost")
    server.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    client = ssl.create_default_context()
    authority.configure_trust(client)
    if name is not None:
        authority.issue_cert(common_name=name).configure_cert(client)
    daemon = real_daemon(written(FLEET)).ready()
    with (
        connect(daemon.port("fleet", "tls")) as plain,
        client.wrap_socket(plain.socket, server_hostname="localhost") as encrypted,
    ):
        encrypted.sendall(b"hi\n")
        try:
            said = encrypted.recv(100)
        except (ssl.SSLError, ConnectionError):
            said = b""
    assert said == (b"hi\n" if comes_in else b"")
    assert daemon.stop() == 0
    assert daemon.errors == ""
