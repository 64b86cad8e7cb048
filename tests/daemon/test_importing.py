"""References to Python objects, and what is said where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from protocols.daemon.importing import ResolveError, importer

Resolve = Callable[[str], object]


@pytest.fixture
def folder(tmp_path: Path, forgotten_imports: None) -> Path:
    """A user's folder."""
    return tmp_path


@pytest.fixture
def resolve(folder: Path) -> Resolve:
    return importer(folder)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def test_modules_packages_and_attributes_of_attributes(folder: Path, resolve: Resolve) -> None:
    write(folder / "users_module.py", "class Shop:\n    name = 'tea'\n")
    write(folder / "users_package" / "__init__.py", "")
    write(folder / "users_package" / "orders.py", "price = 5\n")
    write(folder / "users_namespace" / "orders.py", "price = 6\n")
    assert resolve("users_module:Shop.name") == "tea"
    assert resolve("users_package.orders:price") == 5
    assert resolve("users_namespace.orders:price") == 6
    assert resolve("os.path:join") is __import__("os").path.join


def test_the_folder_comes_last_and_once(folder: Path, resolve: Resolve) -> None:
    write(folder / "users_module.py", "value = 1\n")
    resolve("users_module:value")
    resolve("users_module:value")
    assert sys.path.index(str(folder)) == len(sys.path) - 1
    assert sys.path.count(str(folder)) == 1


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("users_modul:value", "there is no module users_modul, neither installed nor in"),
        ("users_modul:value", "did you mean users_module?"),
        ("users_package.order:price", "did you mean users_package.orders?"),
        ("users_module.inner:value", "users_module is a module and not a package"),
        ("users_module:valu", "the module users_module has no attribute valu; did you mean value?"),
        ("users_module:value.name", "the int users_module:value has no attribute name"),
        ("missing_dependency:x", "ModuleNotFoundError: No module named 'no_such_dependency'"),
        ("raises:x", "the module raises cannot be imported: ZeroDivisionError"),
        ("raises:x", "raises.py:2)"),
        ("exits:x", "the module exits cannot be imported: SystemExit: 3"),
        ("syntax:x", "SyntaxError"),
        ("syntax:x", "syntax.py:2)"),
        ("raises_inside_json:x", "raises_inside_json.py:2)"),
        ("users_module", "is not of the form module:name"),
    ],
)
def test_what_is_wrong(folder: Path, resolve: Resolve, reference: str, expected: str) -> None:
    write(folder / "users_module.py", "value = 1\n")
    write(folder / "users_package" / "__init__.py", "")
    write(folder / "users_package" / "orders.py", "price = 5\n")
    write(folder / "missing_dependency.py", "import no_such_dependency\n")
    write(folder / "raises.py", "x = 1\nx / 0\n")
    write(folder / "exits.py", "raise SystemExit(3)\n")
    write(folder / "syntax.py", "x = 1\nx = = 2\n")
    write(folder / "raises_inside_json.py", "import json\nx = json.loads('{')\n")
    with pytest.raises(ResolveError) as raised:
        resolve(reference)
    assert expected in str(raised.value)


@pytest.mark.parametrize("name", ["json", "sys", "protocols", "__main__", "yaml"])
def test_a_module_that_another_hides_is_refused(folder: Path, resolve: Resolve, name: str) -> None:
    write(folder / f"{name}.py", "value = 1\n")
    with pytest.raises(ResolveError, match=f"the module {name} would not be {name}.py of your"):
        resolve(f"{name}:value")


def test_a_folder_without_modules_hides_nothing(folder: Path, resolve: Resolve) -> None:
    (folder / "json").mkdir()
    assert resolve("json:loads") is __import__("json").loads


def test_a_module_made_by_hand_hides_too(
    folder: Path, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "made_by_hand", ModuleType("made_by_hand"))
    write(folder / "made_by_hand.py", "value = 1\n")
    with pytest.raises(ResolveError, match="but the one from Python itself"):
        resolve("made_by_hand:value")
