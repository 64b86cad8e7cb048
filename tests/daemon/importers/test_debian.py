"""Files of Debian's packages: see debian/README.md for where they are from."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.daemon.importers.sources import import_files

DEBIAN = Path(__file__).parent / "debian"
FILES = sorted(
    path for path in DEBIAN.rglob("*") if path.is_file() and path.suffix not in (".md", ".service")
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(DEBIAN)))
def test_what_is_written_can_be_loaded(file, loaded):
    found = import_files([file])
    assert found.services
    possible = [service for service in found.services if service.is_possible]
    if possible:
        assert len(loaded(found).config.services) == len(possible)


def test_all_of_them_together(loaded):
    found = import_files(FILES)
    assert len(found.services) > 60
    assert loaded(found)


def test_a_service_is_read_where_its_socket_is():
    services = import_files([DEBIAN / "systemd" / "tangd@.service"]).services
    assert [(service.name, service.settings) for service in services] == [
        (
            "tangd",
            {
                "listen": "tcp://:80",
                "program": {
                    "command": ["/usr/libexec/tangd", "/var/lib/tang"],
                    "folder": "/",
                    "user": "_tang",
                    "group": "_tang",
                    "no_new_privileges": False,
                },
            },
        )
    ]


def test_what_xinetd_includes():
    found = import_files([DEBIAN / "xinetd" / "xinetd.conf"])
    text = "".join(file.read_text() for file in (DEBIAN / "xinetd" / "xinetd.d").iterdir())
    assert len(found.services) == text.count("\nservice ") > 12
    assert [service.name for service in found.services if not service.is_possible] == ["servers", "services"]
    assert all(not service.is_enabled for service in found.services)


def test_inetd_conf():
    found = import_files([DEBIAN / "inetd.conf"])
    by_name = {service.name: service for service in found.services}
    assert [name for name, service in by_name.items() if not service.is_enabled] == [
        "shell",
        "login",
        "sane-port",
    ]
    assert [name for name, service in by_name.items() if not service.is_possible] == [
        "rstatd/1-5",
        "rusersd/2-3",
    ]
    assert by_name["talk"].settings["program"]["group"] == "tty"
    assert by_name["ident"].settings["program"]["command"] == ["/usr/sbin/ident2", "-i", "-n"]
