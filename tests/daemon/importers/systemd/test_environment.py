"""The environment that a unit gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.importers.imported import ImportedService
from protocols.daemon.importers.place import Place, SourceError
from protocols.daemon.importers.systemd.environment import Environment, environment_of, variables_of
from protocols.daemon.importers.systemd.specifiers import specifiers_of
from protocols.daemon.importers.systemd.unit import parse


def environment(lines: str) -> tuple[Environment, ImportedService]:
    service = ImportedService("a", Place("a.service"))
    unit = parse(f"[Service]\n{lines}", "a.service", "a.service")
    return environment_of(service, unit, specifiers_of("a.service")), service


def test_variables():
    found, service = environment(
        "Environment=A=1 \"B=2 3\" 'C=%p'\nEnvironment=D=\nPassEnvironment=HOME X\nUnsetEnvironment=A X\n"
    )
    assert found.variables == {"B": "2 3", "C": "a", "D": ""}
    assert found.inherited == ["HOME"]
    assert not service.missed


def test_a_file_is_read(tmp_path):
    (tmp_path / "env").write_text("# c\nA=1\nB=\"x y\"  \nC=x\\\ny\nnonsense\n1D=2\nE='a b'\n")
    found, service = environment(f"Environment=A=0 Z=1\nEnvironmentFile={tmp_path}/env\n")
    assert found.variables == {"A": "1", "Z": "1", "B": "x y", "C": "xy", "E": "a b"}
    assert found.is_whole
    assert "at the import" in service.remarks[0]


def test_a_file_that_is_not_there(tmp_path):
    found, service = environment(f"EnvironmentFile=-{tmp_path}/no\n")
    assert (found.is_whole, service.missed) == (True, [])
    found, service = environment(f"EnvironmentFile={tmp_path}/no\n")
    assert not found.is_whole
    assert [note.what for note in service.missed] == [f"EnvironmentFile={tmp_path}/no"]


@pytest.mark.parametrize(
    "line", ["Environment=A", "Environment=1=2", 'Environment="A=1', "Environment=A=%i%m"]
)
def test_what_is_wrong(line):
    with pytest.raises(SourceError, match=r"^a\.service:2: Environment: "):
        environment(line)


@given(st.text(max_size=60))
def test_any_file_says_something_or_nothing(text):
    assert all(name.isidentifier() for name in variables_of(text))


def test_files_that_hold_or_are_nothing(tmp_path):
    (tmp_path / "env").write_bytes(b"A=\xe4\n")
    with pytest.raises(SourceError, match=r"env: byte 0xe4 is not UTF-8"):
        environment(f"EnvironmentFile={tmp_path}/env\n")
    with pytest.raises(SourceError, match=r"^a\.service:2: EnvironmentFile: %m stands for"):
        environment("EnvironmentFile=/etc/%m\n")
    assert variables_of("A='x\nB=1\n") == {"B": "1"}
