"""Files that are not for everybody to read."""

from __future__ import annotations

import pytest

from protocols.daemon.importers.privacy import private_files
from protocols.daemon.importers.sources import import_files, import_words


@pytest.fixture
def unit(tmp_path):
    (tmp_path / "a.socket").write_text("[Socket]\nListenStream=80\nAccept=yes\n")
    text = f"[Service]\nExecStart=/bin/cat\nStandardInput=socket\nEnvironmentFile={tmp_path}/env\n"
    (tmp_path / "a@.service").write_text(text)
    (tmp_path / "env").write_text("PASSWORD=secret\n")
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    return tmp_path / "a.socket"


def test_nothing_is_private_that_everybody_reads(unit):
    found = import_files([unit])
    assert private_files(found) == []
    assert not any("nobody else" in remark for remark in found.remarks)


@pytest.mark.parametrize("name", ["a.socket", "a@.service", "env"])
def test_what_is_private(unit, name):
    (unit.parent / name).chmod(0o600)
    found = import_files([unit])
    assert private_files(found) == [str(unit.parent / name)]
    assert (
        f"not everybody may read {unit.parent / name}, and so nobody else should read this file"
        in found.remarks
    )


def test_a_command_line_is_no_file():
    assert private_files(import_words(["--port=80", "cat"])) == []


def test_what_has_gone_may_have_been_private(unit):
    found = import_files([unit])
    unit.unlink()
    assert private_files(found) == [str(unit)]
