"""Files as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.daemon.importers.place import SourceError
from protocols.daemon.importers.source_text import MAX_SOURCE_SIZE, check_encodable, read_source, source_of


def refused(path: Path) -> str:
    with pytest.raises(SourceError) as error:
        read_source(path)
    return str(error.value)


def test_text_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfservice \xc3\xa4 # \xe4\n")
    assert read_source(tmp_path / "a") == "service ä # \udce4\n"


def test_what_is_not_utf8_is_known():
    assert check_encodable(["a", source_of(b"\xe4", "x")]) == "byte 0xe4 is not UTF-8"
    assert check_encodable(["ä"]) is None


def test_what_cannot_be_read(tmp_path):
    assert refused(tmp_path / "no") == f"{tmp_path}/no: cannot be read: No such file or directory"
    assert refused(tmp_path) == f"{tmp_path}: is a directory; name its files, as in {tmp_path}/*"
    assert "is no file name" in refused(Path("a\0b"))
    assert (
        refused(Path("/dev/zero"))
        == f"/dev/zero: is larger than {MAX_SOURCE_SIZE} bytes; that is no configuration"
    )


def test_a_binary_file_is_none(tmp_path):
    (tmp_path / "a").write_bytes(b"\x7fELF\n\0\0")
    assert refused(tmp_path / "a") == f"{tmp_path}/a:2: holds a zero byte: this is no text"
