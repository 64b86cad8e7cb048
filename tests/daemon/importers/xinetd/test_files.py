"""Files that include others."""

from __future__ import annotations

import pytest

from protocols.daemon.importers.place import SourceError
from protocols.daemon.importers.xinetd.files import Entries, read_entries

ENTRY = "service {}\n{{\n}}\n"


def read(folder, *names: str) -> Entries:
    return read_entries({str(folder / name): (folder / name).read_text() for name in names})


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "d").mkdir()
    for name in ("b", "a", "c~", "d.rpmsave", ".hidden"):
        (tmp_path / "d" / name).write_text(ENTRY.format(name))
    (tmp_path / "d" / "sub").mkdir()
    (tmp_path / "conf").write_text("defaults\n{\ninstances = 5\n}\nincludedir d\ninclude one\n")
    (tmp_path / "one").write_text(ENTRY.format("one"))
    return tmp_path


def test_files_of_a_folder_by_name(folder):
    entries = read(folder, "conf")
    assert [entry.name for entry in entries.services] == ["a", "b", "one"]
    assert entries.defaults is not None
    assert [file.removeprefix(f"{folder}/") for file in entries.files] == ["conf", "d/a", "d/b", "one"]


def test_a_file_counts_once(folder):
    entries = read(folder, "d/a", "conf", "d/b")
    assert [entry.name for entry in entries.services] == ["a", "b", "one"]


def test_what_is_not_there_is_told(folder):
    (folder / "conf").write_text("include no\nincludedir none\n")
    missed = read(folder, "conf").missed
    assert [(note.what, note.place.line) for note in missed] == [("include no", 1), ("includedir none", 2)]


def test_a_file_that_includes_itself_is_read_once(folder):
    (folder / "conf").write_text("include conf\n" + ENTRY.format("x"))
    assert [entry.name for entry in read(folder, "conf").services] == ["x"]


def test_files_without_end(folder):
    for index in range(20):
        (folder / f"n{index}").write_text(f"include n{index + 1}\n")
    with pytest.raises(SourceError, match="too many files"):
        read(folder, "n0")


def test_faults_of_all_files(folder):
    (folder / "d" / "a").write_text("nonsense\n")
    (folder / "one").write_bytes(b"\0")
    with pytest.raises(SourceError) as error:
        read(folder, "conf")
    assert [fault.place.file.rpartition("/")[2] for fault in error.value.faults] == ["a", "one"]


def test_second_defaults_are_told(folder):
    (folder / "one").write_text("defaults\n{\n}\n")
    assert [note.what for note in read(folder, "conf").missed] == ["defaults"]
