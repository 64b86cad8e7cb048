"""The imports of a source."""

from __future__ import annotations

import ast

import pytest

from protocols.daemon.reload.imports import Import, imports_in


def found(source: str) -> list[Import]:
    return list(imports_in(ast.parse(source)))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b", Import("a.b", binds=True)),
        ("import a.b as c", Import("a.b")),
        ("from a import b, c as d", Import("a", ("b", "c"))),
        ("from a import *", Import("a", ("*",))),
        ("from . import b", Import("", ("b",), 1)),
        ("from ..a.b import c", Import("a.b", ("c",), 2)),
        ("def f():\n    import a", Import("a", binds=True)),
        ("try:\n    import a\nexcept ImportError: pass", Import("a", binds=True)),
        ("importlib.import_module('a.b')", Import("a.b")),
        ("x = import_module('a')", Import("a")),
        ("__import__('a')", Import("a")),
    ],
)
def test_every_form(source: str, expected: Import) -> None:
    assert found(source) == [expected]


@pytest.mark.parametrize(
    "source", ["import_module(name)", "import_module('.a', b)", "f('a')", "x.y()('a')", "f()"]
)
def test_what_stands_nowhere_is_not_found(source: str) -> None:
    assert not found(source)


@pytest.mark.parametrize(
    ("statement", "importer", "is_package", "expected"),
    [
        (Import("a.b"), "x.y", False, "a.b"),
        (Import("", ("n",), 1), "x.y", False, "x"),
        (Import("", ("n",), 1), "x.y", True, "x.y"),
        (Import("z", (), 1), "x.y", False, "x.z"),
        (Import("z", (), 2), "x.y.w", False, "x.z"),
        (Import("z", (), 2), "x.y", True, "x.z"),
        (Import("z", (), 1), "x", False, ""),
        (Import("z", (), 3), "x.y", False, ""),
    ],
)
def test_names_in_full(statement: Import, importer: str, is_package: bool, expected: str) -> None:
    assert statement.absolute(importer, is_package=is_package) == expected
