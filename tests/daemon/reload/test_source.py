"""Modules compiled from what was read."""

from __future__ import annotations

import sys
import traceback
from importlib.machinery import PathFinder

import pytest

from protocols.daemon.reload.source import Source, SourceFinder, SourceLoader, source_of
from protocols.daemon.reload.user_code import UserCode
from protocols.daemon.reload.user_folder import UserFolder


def test_a_module_knows_what_it_was_compiled_from(folder, code):
    folder.write(shouting="import json\nvalue = 1\n")
    code.resolve("shouting:value")
    loader = sys.modules["shouting"].__spec__.loader
    assert isinstance(loader, SourceLoader)
    assert loader.source == source_of(folder.path / "shouting.py")
    assert {each.module for each in loader.source.imports} == {"json"}
    folder.write(shouting="value = 2\n")
    loader.get_code("shouting")
    assert loader.source != source_of(folder.path / "shouting.py")


def test_sources_in_other_encodings_and_with_a_mark(folder, code):
    (folder.path / "old.py").write_bytes("# coding: latin-1\nvalue = 'ä'\n".encode("latin-1"))
    (folder.path / "marked.py").write_bytes(b"\xef\xbb\xbfvalue = 2\n")
    assert code.resolve("old:value") == "ä"
    assert code.resolve("marked:value") == 2


def test_tracebacks_show_the_lines(folder, code):
    folder.write(shouting="def shout():\n    return 1 / 0  # here\n")
    with pytest.raises(ZeroDivisionError) as raised:
        code.resolve("shouting:shout")()
    assert "return 1 / 0  # here" in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("text", ["x = = 1", "x = 1\0", "x = " + "-" * 100_000 + "1", "x = '\\d'\n"])
def test_what_is_not_imported_now_may_be_wrong(tmp_path, text):
    file = tmp_path / "wrong.py"
    file.write_text(text)
    assert source_of(file).imports == frozenset()


def test_what_is_no_python_has_no_imports(tmp_path):
    (tmp_path / "a.pyc").write_bytes(b"import json")
    assert source_of(tmp_path / "a.pyc").imports == frozenset()
    assert source_of(tmp_path / "a.pyc") != Source("")


def test_a_folder_has_one_finder(folder, code, tmp_path_factory):
    before = list(sys.meta_path)
    UserCode(folder.path)
    assert sys.meta_path == before
    other = SourceFinder.installed(UserFolder(tmp_path_factory.mktemp("other")))
    place = sys.meta_path.index(other)
    assert sys.meta_path[place + 1] is PathFinder
    assert [finder for finder in sys.meta_path if finder is not other] == before


def test_a_finder_comes_last_where_python_has_none_for_the_path(folder, monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [])
    finder = SourceFinder.installed(UserFolder(folder.path))
    assert sys.meta_path == [finder]


def test_modules_of_others_are_loaded_as_ever(code):
    finder = SourceFinder.installed(code.folder)
    assert finder.find_spec("colorsys", None) is None
    assert finder.find_spec("no_such_module", None) is None
