"""Sockets of systemd with their services, as services of Polyport."""

from __future__ import annotations

import pytest

from protocols.daemon.importers.imported import Import
from protocols.daemon.importers.place import SourceError
from protocols.daemon.importers.systemd.mapping import import_systemd
from tests.daemon.importers.reading import only, whys

CAT = "ExecStart=/bin/cat\nStandardInput=socket\n"


def pair(socket: str, service: str = CAT, unit: str = "") -> Import:
    """An import of ``a.socket`` and the service that it starts."""
    accepts = "Accept=yes" in socket and "ListenStream" in socket
    return import_systemd(
        {
            "a.socket": f"{unit}[Socket]\n{socket}",
            f"a{'@' if accepts else ''}.service": f"[Service]\n{service}",
        }
    )


def inetd_like(service: str, socket: str = "") -> dict:
    found = only(pair(f"ListenStream=80\nAccept=yes\n{socket}", service))["program"]
    assert isinstance(found, dict)
    return found


def test_a_connection_each(loaded):
    found = pair("ListenStream=80\nAccept=yes\n", f"{CAT}User=www\nGroup=data\n")
    assert only(found) == {
        "listen": "tcp://:80",
        "program": {
            "command": ["/bin/cat"],
            "errors": "send",
            "folder": "/",
            "user": "www",
            "group": "data",
            "no_new_privileges": False,
        },
    }
    assert not found.all_missed
    assert loaded(found)


def test_everything_a_program_has(loaded):
    service = (
        "ExecStart=-/bin/cat -n $OPTIONS\nStandardInput=socket\nStandardError=journal\n"
        "Environment=OPTIONS='-a b'\n"
        "PassEnvironment=LANG\nWorkingDirectory=/srv\nNice=5\nUMask=0027\nNoNewPrivileges=yes\nRuntimeMaxSec=1h\n"
        "TimeoutStopSec=1min 30s\nLimitAS=512M\nLimitCPU=10\nLimitNOFILE=64\nLimitNPROC=32\nLimitFSIZE=1G\n"
        "LimitCORE=0\n"
    )
    found = pair("ListenStream=80\nAccept=yes\nMaxConnections=10\nMaxConnectionsPerSource=2\n", service)
    settings = only(found)
    assert settings["program"] == {
        "command": ["/bin/cat", "-n", "-a", "b"],
        "processes": 10,
        "queue": 0,
        "deadline": "3600s",
        "term_wait": "90s",
        "folder": "/srv",
        "environment": {"OPTIONS": "-a b"},
        "inherit": ["LANG"],
        "umask": "027",
        "nice": 5,
        "rlimits": {
            "memory": "512MiB",
            "cpu": "10s",
            "files": 64,
            "processes": 32,
            "file_size": "1GiB",
            "core": 0,
        },
    }
    assert settings["limits"] == {"per_source": 2, "over": "refuse", "exempt": []}
    assert not found.all_missed
    assert loaded(found)


def test_one_program_for_all(loaded):
    found = pair("ListenDatagram=69\n")
    assert only(found) == {
        "listen": "udp://:69",
        "program": {"command": ["/bin/cat"], "mode": "wait", "folder": "/", "no_new_privileges": False},
    }
    assert loaded(found)


def test_a_program_that_knows_sockets_of_systemd():
    program = only(pair("ListenStream=80\nFileDescriptorName=web\n", "ExecStart=/usr/sbin/httpd -F\n"))[
        "program"
    ]
    assert program["command"][:2] == ["/bin/sh", "-c"]
    assert "LISTEN_FDNAMES=web;" in program["command"][2]
    assert program["command"][3:] == ["sh", "/usr/sbin/httpd", "-F"]


@pytest.mark.parametrize(
    ("lines", "listen"),
    [
        ("ListenStream=0.0.0.0:80", "tcp://0.0.0.0:80"),
        ("ListenStream=[::1]:80", "tcp://[::1]:80"),
        ("ListenStream=[::]:80", "tcp://:80"),
        ("ListenStream=80\nBindIPv6Only=ipv6-only", "tcp://[::]:80"),
        ("ListenStream=@a", "unix:@a"),
        ("ListenStream=%t/%p.sock", "unix:///run/a.sock"),
        ("ListenDatagram=/run/a", "unixgram:///run/a"),
    ],
)
def test_where_it_listens(lines, listen, loaded):
    found = pair(lines + "\n")
    assert only(found)["listen"] == listen
    assert loaded(found)


def test_several_addresses(loaded):
    found = pair("ListenStream=80\nListenStream=127.0.0.1:81\nAccept=yes\n")
    assert only(found)["listen"] == ["tcp://:80", "tcp://127.0.0.1:81"]
    assert loaded(found)
    both = pair("ListenStream=80\nListenStream=81\n", "ExecStart=/usr/sbin/httpd -F\n")
    assert whys(both) == {}
    assert "LISTEN_FDNAMES=a.socket:a.socket;" in only(both)["program"]["command"][2]


@pytest.mark.parametrize(
    ("line", "grave"),
    [
        ("ListenFIFO=/run/fifo", True),
        ("ListenSequentialPacket=/run/a", True),
        ("ListenStream=vsock::5", True),
        ("BindToDevice=eth0", True),
        ("FreeBind=yes", False),
        ("Backlog=5", False),
        ("TriggerLimitBurst=5", False),
        ("Nonsense=5", False),
        ("PrivateTmp=yes", False),
    ],
)
def test_options_of_sockets(line, grave):
    found = pair(f"ListenStream=80\n{line}\nAccept=yes\n")
    assert list(whys(found).values()) == [grave]
    assert only(found).get("enabled", True) is not grave


@pytest.mark.parametrize(
    ("lines", "missed"),
    [
        ("SocketMode=0660", {}),
        ("SocketMode=0666", {"SocketMode=0666": False}),
        ("SocketMode=0600", {"SocketMode=0600": True}),
        ("SocketUser=a\nSocketGroup=b", {"SocketUser=a": False, "SocketGroup=b": False}),
        ("DirectoryMode=0700", {"DirectoryMode=0700": False}),
    ],
)
def test_who_owns_a_unix_socket(lines, missed):
    assert whys(pair(f"ListenStream=/run/a\n{lines}\nAccept=yes\n")) == missed
    assert whys(pair(f"ListenStream=80\n{lines}\nAccept=yes\n")) == {}


def test_only_what_cannot_be_listened_on():
    (service,) = pair("ListenNetlink=audit 1\n").services
    assert not service.is_possible


@pytest.mark.parametrize(
    ("line", "grave"),
    [
        ("DynamicUser=yes", True),
        ("ExecCondition=/bin/true", True),
        ("RootDirectory=/srv", True),
        ("ExecStart=/bin/echo", True),
        ("ProtectSystem=strict", False),
        ("MemoryMax=1G", False),
        ("ExecStartPre=/bin/true", False),
        ("SupplementaryGroups=a", False),
        ("Restart=always", False),
        ("LimitSTACK=1M", False),
        ("LimitNOFILE=64:128", False),
        ("LimitNOFILE=2", False),
        ("Type=notify", False),
        ("WorkingDirectory=~", True),
        ("WorkingDirectory=-/srv", False),
        ("Exect=1", False),
    ],
)
def test_what_a_service_loses(line, grave):
    found = pair("ListenStream=80\nAccept=yes\n", f"{CAT}{line}\n")
    assert list(whys(found).values()) == [grave]
    assert only(found).get("enabled", True) is not grave


def test_what_needs_no_word():
    unit = "[Unit]\nDescription=a\nAfter=network.target a.socket\n[X-Ours]\nA=b\n"
    unit += "[Install]\nWantedBy=sockets.target\n"
    service = f"{CAT}DynamicUser=no\nType=simple\nLimitCORE=infinity\nTimeoutStartSec=5\n"
    assert not pair("ListenStream=80\nAccept=yes\nRemoveOnStop=yes\n", service, unit).all_missed


def test_other_units():
    unit = "[Unit]\nAfter=network.target b.service\nConditionPathExists=/a\nNonsense=1\n[Mount]\nWhat=a\n"
    assert list(whys(pair("ListenStream=80\nAccept=yes\n", unit=unit))) == [
        "After=b.service",
        "ConditionPathExists=/a",
        "Nonsense",
        "[Mount] What",
    ]


@pytest.mark.parametrize(
    ("lines", "access"),
    [
        ("IPAddressDeny=10.0.0.1/8", {"rules": [{"deny": ["10.0.0.0/8"]}]}),
        (
            "IPAddressDeny=any\nIPAddressAllow=localhost 10.0.0.1",
            {"rules": [{"allow": ["127.0.0.0/8", "::1", "10.0.0.1"]}, {"deny": ["all"]}, {"allow": "all"}]},
        ),
        ("IPAddressAllow=10.0.0.0/8", None),
    ],
)
def test_filters(lines, access, loaded):
    found = pair(f"ListenStream=80\nAccept=yes\n{lines}\n")
    assert only(found).get("access") == access
    assert loaded(found)
    assert set(whys(pair(f"ListenStream=80\n{lines}\n")).values()) == {True}


def test_prefixes():
    assert inetd_like("ExecStart=+/bin/cat\nUser=a\nGroup=b\nStandardInput=socket\n")["user"] == "root"
    assert inetd_like("ExecStart=@/bin/cat name -n\nStandardInput=socket\n")["command"][3:] == [
        "name",
        "/bin/cat",
        "-n",
    ]
    found = pair("ListenStream=80\nAccept=yes\n", "ExecStart=!/bin/cat\nUser=a\nStandardInput=socket\n")
    assert whys(found) == {"ExecStart=!": True}


def test_variables_that_are_not_known_hold_back(tmp_path):
    service = f"ExecStart=/bin/cat $A\nEnvironmentFile={tmp_path}/no\nStandardInput=socket\n"
    found = pair("ListenStream=80\nAccept=yes\n", service)
    assert whys(found) == {f"EnvironmentFile={tmp_path}/no": False, "$A": True}


def test_an_empty_argument_holds_back():
    found = pair("ListenStream=80\nAccept=yes\n", 'ExecStart=/bin/cat ""\nStandardInput=socket\n')
    assert whys(found) == {"ExecStart": True}


def test_a_program_that_forks():
    service = f"{CAT}Type=forking\n"
    assert whys(pair("ListenStream=80\nAccept=yes\n", service)) == {"Type=forking": False}
    assert whys(pair("ListenStream=80\n", service)) == {"Type=forking": True}


@pytest.mark.parametrize(
    ("socket", "service", "wrong"),
    [
        ("ListenStream=80\nAccept=perhaps\n", CAT, "a.socket:3: Accept: "),
        ("ListenStream=99999\n", CAT, "a.socket:2: ListenStream: "),
        ("ListenStream=999.1.1.1:80\n", CAT, "a.socket:2: ListenStream: "),
        ("ListenStream=%i\n", CAT, "a.socket:2: ListenStream: "),
        ("ListenStream=80\nAccept=yes\n", "StandardInput=socket\n", "a@.service: ExecStart is missing"),
        ("ListenStream=80\nAccept=yes\n", f"{CAT}Nice=99\n", "a@.service:4: Nice: "),
        ("ListenStream=80\nAccept=yes\n", f"{CAT}UMask=9\n", "a@.service:4: UMask: "),
        ("ListenStream=80\nAccept=yes\n", f"{CAT}LimitAS=much\n", "a@.service:4: LimitAS: "),
        ("ListenStream=80\nAccept=yes\n", f"{CAT}RuntimeMaxSec=long\n", "a@.service:4: RuntimeMaxSec: "),
        ("ListenStream=80\nAccept=yes\n", f"{CAT}WorkingDirectory=srv\n", "a@.service:4: WorkingDirectory: "),
        (
            "ListenStream=80\nAccept=yes\n",
            "ExecStart=/bin/cat %i\n",
            "a@.service:2: ExecStart: %i stands for",
        ),
        ("ListenStream=80\nAccept=yes\nMaxConnections=x\n", CAT, "a.socket:4: MaxConnections: "),
        ("ListenStream=80\nAccept=yes\nIPAddressDeny=here\n", CAT, "a.socket:4: IPAddressDeny: "),
        ("ListenStream=/a\nAccept=yes\nSocketMode=rw\n", CAT, "a.socket:4: SocketMode: "),
    ],
)
def test_what_is_malformed(socket, service, wrong):
    if "ListenStream=%i" in socket:
        with pytest.raises(SourceError, match="ListenStream"):
            import_systemd({"a@.socket": f"[Socket]\n{socket}", "a.service": f"[Service]\n{service}"})
        return
    with pytest.raises(SourceError) as error:
        pair(socket, service)
    assert str(error.value).startswith(wrong)


def test_times_of_a_program_that_waits():
    found = pair("ListenStream=80\n", f"{CAT}RuntimeMaxSec=1h\nTimeoutSec=infinity\n")
    assert whys(found) == {"RuntimeMaxSec=1h": False, "TimeoutSec=infinity": False}
    assert inetd_like(f"{CAT}TimeoutSec=5\n")["term_wait"] == "5s"


def test_other_protocols():
    (service,) = pair("ListenStream=80\nSocketProtocol=sctp\n").services
    assert not service.is_possible


def test_a_path_that_is_too_long():
    with pytest.raises(SourceError, match="ListenStream: "):
        pair("ListenStream=/run/\n")


def test_the_shell_of_the_user():
    found = pair("ListenStream=80\nAccept=yes\n", "ExecStart=|cat\nStandardInput=socket\n")
    assert whys(found) == {"ExecStart=|": True}
