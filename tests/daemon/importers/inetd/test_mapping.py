"""Lines of inetd.conf as services."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.imported import Import
from protocols.daemon.importers.inetd.mapping import import_inetd
from protocols.daemon.importers.place import SourceError
from tests.daemon.importers.reading import attempted, only, whys


def line(
    name: str = "finger",
    kind: str = "stream",
    protocol: str = "tcp",
    wait: str = "nowait",
    user: str = "nobody",
    program: str = "/usr/sbin/in.fingerd in.fingerd",
) -> Import:
    return import_inetd("file", f"{name} {kind} {protocol} {wait} {user} {program}\n")


def test_a_service_as_it_is(loaded):
    found = line(program="/usr/sbin/in.fingerd in.fingerd -l")
    assert only(found) == {
        "listen": "tcp://:79",
        "program": {
            "command": ["/usr/sbin/in.fingerd", "-l"],
            "errors": "send",
            "folder": "/",
            "user": "nobody",
            "no_new_privileges": False,
        },
    }
    assert not found.all_missed
    assert loaded(found)


def test_quotes_are_none():
    (service,) = line(program="/bin/cat cat 'a b'").services
    assert service.settings["program"]["command"] == ["/bin/cat", "'a", "b'"]
    assert "quotes" in service.remarks[0]


def test_tcpd_finds_what_it_is_to_run():
    assert only(line(program="/usr/sbin/tcpd /usr/sbin/in.fingerd -w"))["program"]["command"] == [
        *("/bin/bash", "-c", 'exec -a "$0" "$@"'),
        *("/usr/sbin/in.fingerd", "/usr/sbin/tcpd", "-w"),
    ]


@pytest.mark.parametrize(
    ("name", "protocol", "listen"),
    [
        ("finger", "tcp4", "tcp://0.0.0.0:79"),
        ("finger", "tcp6", "tcp://[::]:79"),
        ("finger", "tcp6only", "tcp://[::]:79"),
        ("finger", "tcp46", "tcp://:79"),
        ("8079", "tcp", "tcp://:8079"),
        ("127.0.0.1:finger", "tcp", "tcp://127.0.0.1:79"),
        ("[::1]:finger", "tcp6", "tcp://[::1]:79"),
        ("192.0.2.1,localhost:finger", "tcp", ["tcp://192.0.2.1:79", "tcp://localhost:79"]),
        ("/run/finger.sock", "unix", "unix:///run/finger.sock"),
    ],
)
def test_where_it_listens(name, protocol, listen, loaded):
    found = line(name=name, protocol=protocol)
    assert only(found)["listen"] == listen
    assert not found.all_missed
    assert loaded(found)


def test_a_socket_with_an_owner():
    found = line(name=":user:group:0600:/run/a.sock", protocol="unix")
    assert only(found)["listen"] == "unix:///run/a.sock"
    assert whys(found) == {":user:group:0600": True}


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ("saned:scan", {"user": "saned", "group": "scan"}),
        ("nobody.tty", {"user": "nobody", "group": "tty"}),
        ("1000:100", {"user": 1000, "group": 100}),
    ],
)
def test_accounts(user, account):
    program = only(line(user=user))["program"]
    assert {key: program[key] for key in account} == account


def test_a_login_class():
    assert whys(line(user="root/daemon")) == {"class daemon": False}


def test_limits_of_freebsd(loaded):
    found = line(wait="nowait/10/60/2")
    settings = only(found)
    assert (settings["program"]["processes"], settings["program"]["queue"]) == (10, 0)
    assert settings["limits"] == {"connection_rate": "60/m", "per_source": 2, "over": "refuse", "exempt": []}
    assert not found.all_missed
    assert loaded(found)
    assert "limits" not in only(line(wait="nowait/0"))


def test_limits_of_others():
    assert whys(line(wait="nowait.100")) == {"nowait.100": False}
    assert whys(line(kind="dgram", protocol="udp", name="tftp", wait="wait/1")) == {}
    assert whys(line(kind="dgram", protocol="udp", name="tftp", wait="wait/1/5")) == {"wait/1/5": False}
    assert whys(line(protocol="tcp,rcvbuf=16k")) == {"rcvbuf=16k": False}


def test_datagrams_wait(loaded):
    found = line("tftp", "dgram", "udp", "wait", "root", "/usr/sbin/in.tftpd in.tftpd -s /srv")
    assert only(found)["program"]["mode"] == "wait"
    assert "errors" not in only(found)["program"]
    assert loaded(found)
    assert whys(line("tftp", "dgram", "udp", "nowait")) == {"nowait": False}


@pytest.mark.parametrize("name", ["echo", "discard", "daytime", "time", "chargen"])
def test_internal_services(name, loaded):
    found = line(name, program="internal")
    assert only(found)["builtin"] == name
    assert loaded(found)


@pytest.mark.parametrize(
    "named",
    [
        {"protocol": "rpc/udp", "kind": "dgram", "name": "rstatd/1-5"},
        {"name": "tcpmux/+date"},
        {"name": "auth", "program": "internal"},
        {"name": "nosuchservice"},
        {"kind": "seqpacket"},
        {"protocol": "sctp"},
    ],
)
def test_what_cannot_be(named):
    (service,) = line(**named).services
    assert not service.is_possible
    assert service.missed


def test_a_line_that_is_off():
    found = import_inetd("file", "#<off># finger stream tcp nowait nobody /usr/sbin/in.fingerd\n")
    assert only(found)["enabled"] is False
    assert not found.all_missed


def test_policies_of_ipsec():
    assert whys(import_inetd("file", "#@ in ipsec esp/require\n")) == {"#@ in ipsec esp/require": False}


@pytest.mark.parametrize(
    "named",
    [
        {"wait": "perhaps"},
        {"wait": "nowait/x"},
        {"protocol": "udp"},
        {"name": "99999"},
        {"name": "a b:finger", "user": ""},
        {"program": "in.fingerd"},
        {"user": ":group"},
        {"name": "finger", "protocol": "unix"},
        {"name": "ho!st:finger"},
    ],
)
def test_what_is_malformed(named):
    with pytest.raises(SourceError, match=r"^file:1: "):
        line(**named)


FIELD = st.sampled_from(
    *[
        [
            "finger",
            "stream",
            "dgram",
            "tcp",
            "udp6",
            "unix",
            "wait",
            "nowait.5",
            "nowait/1/2/3",
            "root:x/c",
            "internal",
        ]
    ]
) | st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]), min_size=1, max_size=8)


@given(st.lists(FIELD, min_size=6, max_size=8))
def test_nothing_but_a_clear_error(fields):
    found = attempted(import_inetd, "file", " ".join(fields))
    assert found is None or len(found.services) <= 1


def test_limits_of_built_in_services():
    assert only(line("echo", wait="nowait/5", program="internal"))["limits"] == {"connections": 5}


def test_a_path_that_is_too_long():
    with pytest.raises(SourceError, match=r"^file:1: "):
        line(name=f"/{'a' * 200}/", protocol="unix")
