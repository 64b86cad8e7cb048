"""What programs are told of their clients."""

from __future__ import annotations

from datetime import UTC, datetime

from protocols.handlers.program.ucspi import told_of
from protocols.session import Certificate, Credentials, Peer


def test_tcp():
    told = told_of(Peer("tcp", "192.0.2.1", 4000), ("192.0.2.5", 79), "finger")
    assert told == {
        "PROTO": "TCP",
        "TCPREMOTEIP": "192.0.2.1",
        "TCPREMOTEPORT": "4000",
        "TCPLOCALIP": "192.0.2.5",
        "TCPLOCALPORT": "79",
        "POLYPORT_SERVICE": "finger",
        "POLYPORT_TRANSPORT": "tcp",
        "POLYPORT_PEER": "tcp://192.0.2.1:4000",
    }


def test_a_unix_socket():
    peer = Peer("unix", "", user="alice", credentials=Credentials(1000, 100, 42))
    told = told_of(peer, ("/run/finger.sock", 0), "finger")
    assert told["PROTO"] == "UNIX"
    assert (told["UNIXLOCALPATH"], told["IPCLOCALPATH"]) == ("/run/finger.sock", "/run/finger.sock")
    assert (told["UNIXREMOTEEUID"], told["UNIXREMOTEEGID"], told["UNIXREMOTEPID"]) == ("1000", "100", "42")
    assert told["POLYPORT_USER"] == "alice"
    assert not any(name.startswith("TCP") for name in told)


def test_udp():
    told = told_of(Peer("udp", "2001:db8::1", 4000), ("", 0), "time")
    assert (told["PROTO"], told["UDPREMOTEIP"]) == ("UDP", "2001:db8::1")


def test_a_client_with_a_certificate():
    certificate = Certificate("alice", ("a.test", "b.test"), "00ff", datetime.now(UTC))
    peer = Peer("tls", "192.0.2.1", 4000, user="alice", certificate=certificate)
    told = told_of(peer, ("192.0.2.5", 443), "web")
    assert (told["PROTO"], told["SSL"]) == ("TCP", "1")
    assert (told["TLS_PEER_CN"], told["TLS_PEER_NAMES"]) == ("alice", "a.test b.test")
    assert told["TLS_PEER_FINGERPRINT"] == "00ff"


def test_what_no_variable_can_hold_is_left_out():
    told = told_of(Peer("tcp", "192.0.2.1", 4000, user="a\0b"), ("", 0), "web")
    assert "POLYPORT_USER" not in told
