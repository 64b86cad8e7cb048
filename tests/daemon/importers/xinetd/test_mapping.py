"""Entries of xinetd as services."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.imported import Import
from protocols.daemon.importers.place import SourceError
from protocols.daemon.importers.xinetd.mapping import import_xinetd
from protocols.daemon.importers.xinetd.settings import KNOWN
from tests.daemon.importers.reading import attempted, only, whys

FINGER = {
    "socket_type": "stream",
    "protocol": "tcp",
    "wait": "no",
    "user": "nobody",
    "server": "/usr/sbin/in.fingerd",
}


def service(name: str = "finger", defaults: str = "", **attributes: str | None) -> Import:
    """An import of one service: that of finger, with other `attributes`."""
    given = {**FINGER, **attributes}
    body = "\n".join(f"{key} = {value}" for key, value in given.items() if value is not None)
    text = f"service {name}\n{{\n{body}\n}}\n"
    text += f"defaults\n{{\n{defaults}\n}}\n" if defaults else ""
    return import_xinetd({"file": text})


def program(**attributes: str | None) -> dict:
    found = only(service(**attributes))["program"]
    assert isinstance(found, dict)
    return found


def test_a_service_as_it_is(loaded):
    found = service(server_args="-l -w")
    assert only(found) == {
        "listen": "tcp://0.0.0.0:79",
        "program": {
            "command": ["/usr/sbin/in.fingerd", "-l", "-w"],
            "errors": "send",
            "folder": "/",
            "user": "nobody",
            "no_new_privileges": False,
        },
    }
    assert not found.all_missed
    assert loaded(found).config.services["finger"].program.errors == "send"


def test_everything_a_program_has(loaded):
    found = service(
        group="tty",
        groups="yes",
        nice="10",
        umask="027",
        env="A=b C=d=e",
        passenv="HOME LANG",
        rlimit_as="8M",
        rlimit_cpu="20",
        rlimit_files="100",
        instances="4",
        per_source="2",
    )
    settings = only(found)
    assert settings["program"] == {
        "command": ["/usr/sbin/in.fingerd"],
        "processes": 4,
        "queue": 0,
        "errors": "send",
        "folder": "/",
        "environment": {"A": "b", "C": "d=e"},
        "inherit": ["HOME", "LANG"],
        "user": "nobody",
        "group": "tty",
        "umask": "027",
        "nice": 10,
        "no_new_privileges": False,
        "rlimits": {"memory": "8MiB", "cpu": "20s", "files": 100},
    }
    assert settings["limits"] == {"per_source": 2, "over": "refuse", "exempt": []}
    assert not found.all_missed
    assert loaded(found)


def test_a_name_as_argument():
    line = program(server="/usr/sbin/tcpd", server_args="/usr/sbin/in.fingerd -w", flags="REUSE NAMEINARGS")
    assert line["command"][3:] == ["/usr/sbin/in.fingerd", "/usr/sbin/tcpd", "-w"]


@pytest.mark.parametrize(
    ("attributes", "listen"),
    [
        ({"bind": "127.0.0.1"}, "tcp://127.0.0.1:79"),
        ({"interface": "::1"}, "tcp://[::1]:79"),
        ({"flags": "IPv6"}, "tcp://:79"),
        ({"flags": "IPv6", "v6only": "yes"}, "tcp://[::]:79"),
        ({"port": "7900", "type": "UNLISTED"}, "tcp://0.0.0.0:7900"),
        ({"protocol": None}, "tcp://0.0.0.0:79"),
    ],
)
def test_where_it_listens(attributes, listen):
    assert only(service(**attributes))["listen"] == listen


def test_datagrams_wait(loaded):
    found = service("tftp", socket_type="dgram", protocol="udp", wait="yes", server="/usr/sbin/in.tftpd")
    settings = only(found)
    assert settings["listen"] == "udp://0.0.0.0:69"
    assert settings["program"]["mode"] == "wait"
    assert "errors" not in settings["program"]
    assert loaded(found)


def test_datagrams_that_do_not_wait():
    found = service("tftp", socket_type="dgram", protocol="udp", wait="no")
    assert only(found)["program"]["mode"] == "wait"
    assert whys(found) == {"wait = no": False}


@pytest.mark.parametrize("name", ["echo", "discard", "daytime", "time", "chargen"])
def test_internal_services(name, loaded):
    found = service(name, type="INTERNAL", server=None, instances="5")
    assert only(found) == {"listen": only(found)["listen"], "builtin": name, "limits": {"connections": 5}}
    assert loaded(found)


def test_redirect(loaded):
    found = service("telnet", redirect="192.0.2.7 23")
    assert only(found) == {"listen": "tcp://0.0.0.0:23", "forward": "tcp://192.0.2.7:23"}
    assert only(service(redirect="2001:db8::1 telnet"))["forward"] == "tcp://[2001:db8::1]:23"
    assert loaded(found)


def test_who_may_come_in(loaded):
    found = service(only_from="10.0.0.0 localhost", no_access="10.1.0.0", access_times="8:00-17:59")
    assert only(found)["access"] == {
        "allow": {"networks": ["10.0.0.0/8", "127.0.0.1", "::1"], "hours": ["08:00-18:00"]},
        "deny": ["10.1.0.0/16"],
    }
    assert not found.services[0].remarks
    assert loaded(found)


def test_who_is_in_both_lists_is_refused_as_with_xinetd():
    (found,) = service(only_from="10.1.0.0", no_access="10.0.0.0").services
    assert found.settings["access"] == {"allow": ["10.1.0.0/16"], "deny": ["10.0.0.0/8"]}
    assert found.remarks == ["10.1.0.0/16: in only_from and in no_access, and so refused, as by xinetd"]


def test_names_of_hosts_shut_out_or_hold_back():
    found = service(only_from="www.example.org")
    assert only(found)["access"] == {"deny": "all"}
    assert whys(found) == {"only_from www.example.org": False}
    found = service(no_access=".example.org")
    assert only(found)["enabled"] is False
    assert whys(found) == {"no_access .example.org": True}


def test_nobody_sees_who_comes_to_a_program_that_waits():
    found = service("tftp", socket_type="dgram", protocol="udp", wait="yes", only_from="10.0.0.0")
    assert only(found)["enabled"] is False
    assert "access" not in only(found)
    assert whys(found) == {"only_from = 10.0.0.0": True}


@pytest.mark.parametrize(
    ("attributes", "log"),
    [
        ({"log_on_success": "HOST PID"}, "text"),
        ({"log_on_success": "HOST", "log_type": "FILE /var/log/a"}, {"access": "text", "file": "/var/log/a"}),
        ({"log_on_success": "HOST", "log_type": "SYSLOG daemon info"}, "text"),
        ({"log_on_failure": "HOST"}, None),
        ({"log_type": "FILE /var/log/a"}, None),
    ],
)
def test_logs(attributes, log, loaded):
    found = service(**attributes)
    assert only(found).get("log") == log
    assert not found.all_missed
    assert loaded(found)


def test_defaults():
    found = service(
        defaults="instances = 7\nlog_on_success = HOST\nonly_from = 10.0.0.0\nper_source = UNLIMITED"
    )
    settings = only(found)
    assert settings["program"]["processes"] == 7
    assert (settings["log"], settings["access"]) == ("text", {"allow": ["10.0.0.0/8"]})
    assert whys(found) == {"per_source = UNLIMITED": False}


@pytest.mark.parametrize(
    ("defaults", "attributes", "enabled"),
    [
        ("", {}, True),
        ("", {"disable": "yes"}, False),
        ("", {"disable": "no"}, True),
        ("disabled = finger", {}, False),
        ("disabled = finger", {"id": "other"}, True),
        ("enabled = telnet", {}, False),
        ("enabled = finger", {}, True),
        ("enabled = finger", {"disable": "yes"}, False),
    ],
)
def test_who_is_enabled(defaults, attributes, enabled):
    assert only(service(defaults=defaults, **attributes)).get("enabled", True) is enabled


MISSED = {
    "banner": "/etc/banner",
    "banner_success": "/etc/banner",
    "banner_fail": "/etc/banner",
    "cps": "50 10",
    "max_load": "2.5",
    "libwrap": "x",
    "deny_time": "60",
    "rpc_version": "1",
    "rpc_number": "1",
    "mdns": "yes",
    "groups": "no",
    "rlimit_data": "1M",
    "rlimit_rss": "1M",
    "rlimit_stack": "1M",
    "instances": "UNLIMITED",
    "per_source": "UNLIMITED",
    "enabled": "finger",
    "disabled": "finger",
    "flags": "KEEPALIVE",
    "type": "OTHER",
    "log_type": "SYSLOG local0",
    "log_on_success": "USERID",
    "log_on_failure": "USERID",
}
"""Values of attributes of which something is not carried over."""
CARRIED = {
    "log_type": "FILE /a",
    "bind": "127.0.0.1",
    "interface": "127.0.0.1",
    "per_source": "5",
    "umask": "022",
    "log_on_success": "HOST",
    "log_on_failure": "HOST",
    "only_from": "10.0.0.0",
    "no_access": "10.0.0.0",
    "passenv": "A",
    "instances": "5",
    "groups": "yes",
    "access_times": "1:00-2:00",
    "v6only": "yes",
    "mdns": "no",
    "id": "x",
    "type": "UNLISTED",
    "flags": "REUSE NODELAY IPv4",
    "disable": "yes",
    "socket_type": "stream",
    "protocol": "tcp",
    "wait": "no",
    "user": "root",
    "group": "root",
    "nice": "5",
    "server": "/bin/cat",
    "server_args": "-n",
    "env": "A=b",
    "port": "79",
    "redirect": "192.0.2.1 80",
    "rlimit_as": "1M",
    "rlimit_files": "10",
    "rlimit_cpu": "10",
}
"""Values of attributes all of which is."""


@pytest.mark.parametrize("name", KNOWN)
def test_every_attribute_is_carried_over_or_told(name):
    assert name in MISSED or name in CARRIED
    if name in MISSED:
        assert len(service(**{name: MISSED[name]}).all_missed) == 1
    if name in CARRIED:
        assert not service(**{name: CARRIED[name]}).all_missed


@pytest.mark.parametrize("flag", ["INTERCEPT", "IDONLY", "LABELED"])
def test_flags_that_hold_back(flag):
    assert only(service(flags=flag))["enabled"] is False


@pytest.mark.parametrize(
    "attributes",
    [
        {"type": "RPC UNLISTED"},
        {"type": "TCPMUX"},
        {"type": "INTERNAL"},
        {"flags": "SENSOR"},
        {"socket_type": "raw"},
        {"socket_type": "seqpacket"},
        {"protocol": "sctp"},
        {"socket_type": "dgram"},
        {"redirect": "192.0.2.1 nosuchport"},
    ],
)
def test_what_cannot_be(attributes):
    (found,) = service(**attributes).services
    assert not found.is_possible
    assert found.missed


def test_a_name_without_a_port():
    (found,) = service("nosuchservice").services
    assert not found.is_possible
    assert "nosuchservice/tcp is not in /etc/services here" in found.missed[0].why


def test_what_is_not_known():
    found = service(sever="/bin/cat", flags="NOSUCH", type="STRANGE")
    notes = {note.what: note.why for note in found.all_missed}
    assert notes["sever"].endswith("; did you mean server?")
    assert notes["flags NOSUCH"] == "this flag is not known"
    assert notes["type STRANGE"] == "this type is not known"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "99999"),
        ("wait", "maybe"),
        ("wait", None),
        ("server", None),
        ("socket_type", "steam"),
        ("nice", "20"),
        ("umask", "9"),
        ("instances", "0"),
        ("instances", "many"),
        ("per_source", "-1"),
        ("rlimit_as", "8X"),
        ("rlimit_cpu", "fast"),
        ("env", "A"),
        ("redirect", "192.0.2.1"),
        ("redirect", "a;b 80"),
        ("only_from", "1.2.3.4/99"),
        ("access_times", "8-17"),
        ("log_type", "FILE"),
        ("log_type", "NOWHERE /a"),
        ("log_on_success", "HOTS"),
        ("groups", "some"),
        ("disable", "perhaps"),
        ("bind", "a b"),
        ("flags", "NAMEINARGS"),
    ],
)
def test_what_is_malformed(name, value):
    with pytest.raises(SourceError) as error:
        service(**{name: value})
    (fault,) = error.value.faults
    assert fault.place.file == "file"
    assert fault.place.line


VALUES = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12)


@given(
    st.dictionaries(st.sampled_from(KNOWN), VALUES | st.sampled_from([*MISSED.values(), *CARRIED.values()]))
)
def test_nothing_but_a_clear_error(attributes):
    found = attempted(service, **attributes)
    assert found is None or len(found.services) == 1


def test_what_a_program_that_waits_cannot_have():
    found = service(
        "tftp",
        socket_type="dgram",
        protocol="udp",
        wait="yes",
        per_source="5",
        instances="5",
        log_type="FILE /a",
        log_on_success="HOST",
    )
    assert whys(found) == {
        "per_source = 5": False,
        "log_type = FILE /a": False,
        "log_on_success = HOST": False,
    }
    assert not {"limits", "log"} & only(found).keys()


def test_datagrams_of_built_in_services_have_no_instances():
    settings = only(
        service("echo", type="INTERNAL", socket_type="dgram", protocol="udp", wait="yes", instances="5")
    )
    assert settings == {"listen": "udp://0.0.0.0:7", "builtin": "echo"}


def test_names_of_variables():
    assert whys(service(env="A-B=c", passenv="D-E")) == {"env A-B": False, "passenv D-E": False}
