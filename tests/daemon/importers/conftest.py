"""What the tests of the importers share."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from protocols.daemon.checks import accounts
from protocols.daemon.importers.document import document
from protocols.daemon.importers.imported import Import
from protocols.daemon.loader import Loaded, load

PORTS = {
    **{("echo", kind): 7 for kind in ("tcp", "udp")},
    **{("discard", kind): 9 for kind in ("tcp", "udp")},
    **{("daytime", kind): 13 for kind in ("tcp", "udp")},
    **{("chargen", kind): 19 for kind in ("tcp", "udp")},
    **{("time", kind): 37 for kind in ("tcp", "udp")},
    ("systat", "tcp"): 11,
    ("netstat", "tcp"): 15,
    ("ftp", "tcp"): 21,
    ("telnet", "tcp"): 23,
    ("tftp", "udp"): 69,
    ("finger", "tcp"): 79,
    ("pop3", "tcp"): 110,
    ("ident", "tcp"): 113,
    ("biff", "udp"): 512,
    ("comsat", "udp"): 512,
    ("exec", "tcp"): 512,
    ("login", "tcp"): 513,
    ("shell", "tcp"): 514,
    ("printer", "tcp"): 515,
    ("talk", "udp"): 517,
    ("ntalk", "udp"): 518,
    ("distcc", "tcp"): 3632,
    ("sane-port", "tcp"): 6566,
    ("amanda", "tcp"): 10080,
}


@pytest.fixture(autouse=True)
def etc_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same /etc/services everywhere."""

    def getservbyname(name: str, protocol: str) -> int:
        try:
            return PORTS[name, protocol]
        except KeyError:
            raise OSError("service/proto not found") from None

    monkeypatch.setattr(socket, "getservbyname", getservbyname)


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Import], Loaded]:
    """What the loader makes of the YAML that an import is written as, on a machine that has the accounts."""
    monkeypatch.setattr(accounts, "plan_of", lambda asks: None)

    def read(found: Import) -> Loaded:
        file = tmp_path / "imported.yaml"
        file.write_text(document(found), "utf-8")
        return load(file)

    return read
