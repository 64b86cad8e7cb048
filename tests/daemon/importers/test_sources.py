"""Files of several kinds together."""

from __future__ import annotations

import pytest

from protocols.daemon.importers.place import SourceError
from protocols.daemon.importers.program import PRIVILEGES, USERS
from protocols.daemon.importers.sources import import_files, import_words

INETD = "finger stream tcp nowait nobody /usr/sbin/in.fingerd\n"
XINETD = "service telnet\n{\nsocket_type = stream\nwait = no\nuser = root\nserver = /usr/sbin/in.telnetd\n}\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inetd").write_text(INETD)
    (tmp_path / "xinetd").write_text(XINETD)
    (tmp_path / "ws.sh").write_text("websocketd --port=8080 cat\n")
    (tmp_path / "a.socket").write_text("[Socket]\nListenStream=80\nAccept=yes\n")
    (tmp_path / "a@.service").write_text("[Service]\nExecStart=/bin/cat\nStandardInput=socket\n")
    return tmp_path


def test_all_kinds_at_once(folder):
    names = ("ws.sh", "a.socket", "inetd", "xinetd", "a@.service", "inetd")
    found = import_files([folder / name for name in names])
    assert [service.name for service in found.services] == ["telnet", "finger", "a", "cat"]
    assert [source.kind for source in found.sources] == [
        *("xinetd", "inetd", "systemd", "systemd", "websocketd")
    ]


def test_the_kind_may_be_said(folder):
    with pytest.raises(SourceError, match="xinetd:1: "):
        import_files([folder / "xinetd"], "inetd")


def test_every_file_that_is_wrong(folder):
    (folder / "nothing").write_text("nothing that anybody knows\n")
    (folder / "inetd").write_text("finger stream tcp nowait nobody\n")
    with pytest.raises(SourceError) as error:
        import_files([folder / name for name in ("nothing", "no", "inetd", "xinetd")])
    assert [str(fault).removeprefix(f"{folder}/").partition(": ")[0] for fault in error.value.faults] == [
        *("inetd:1", "no", "nothing")
    ]


def test_rivals_are_held_back(folder):
    (folder / "other").write_text(INETD)
    found = import_files([folder / "inetd", folder / "other"])
    assert [service.is_held_back for service in found.services] == [False, True]


def test_what_is_worth_knowing_of_programs(folder):
    assert import_files([folder / "inetd"]).remarks == [USERS, PRIVILEGES]
    assert PRIVILEGES in import_words(["--port=8080", "cat"]).remarks
    (folder / "inetd").write_text("echo stream tcp nowait root internal\n")
    assert import_files([folder / "inetd"]).remarks == []


def test_a_command_line():
    assert [service.name for service in import_words(["--port=8080", "cat"]).services] == ["cat"]
