"""The modules of the user: what they are made of, and which have changed."""

from __future__ import annotations

import os
import py_compile
import sys
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import cache_from_source
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import protocols
from protocols.daemon.importing import ResolveError, importer
from protocols.daemon.reload.user_code import UserCode
from protocols.daemon.reload.user_folder import UserFolder

SHOP = {
    "shop__INIT": "",
    "shop__tax": "RATE = 19\n",
    "shop__prices": "from shop.tax import RATE\nprice = RATE\n",
    "shop__orders": "from . import prices\norder = prices.price\n",
    "shop__stock": "import collections\nstock = []\n",
    "front": "def later():\n    import shop.orders\n    return shop.orders.order\n",
}


@pytest.fixture
def shop(folder, code):
    folder.write(**SHOP)
    for reference in ("shop.orders:order", "shop.stock:stock", "front:later"):
        code.resolve(reference)
    return code


def test_the_modules_of_the_user_are_those_of_the_folder(shop):
    names = ["front", "shop", "shop.orders", "shop.prices", "shop.stock", "shop.tax"]
    assert sorted(shop.modules()) == names
    assert {file.name for file in shop.files()} >= {"front.py", "tax.py"}
    assert not shop.changed()
    assert not shop.affected()


@pytest.mark.parametrize(
    ("changed", "affected"),
    [
        ("shop__tax", {"shop.tax", "shop.prices", "shop.orders", "front"}),
        ("shop__orders", {"shop.orders", "front"}),
        ("shop__stock", {"shop.stock"}),
        ("front", {"front"}),
        # Who says `import shop.orders` uses the package; who imports from a module of it does not.
        ("shop__INIT", {"shop", "front"}),
    ],
)
def test_who_imports_what_has_changed_is_affected(folder, shop, changed, affected):
    folder.write(**{changed: SHOP[changed] + "# more\n"})
    assert shop.changed() == {changed.removesuffix("__INIT").replace("__", ".")}
    assert shop.affected() == affected


def test_who_imports_something_of_a_package_depends_on_that(folder, code):
    folder.write(
        shop__INIT="from shop.tax import RATE\n", shop__tax="RATE = 1\n", front="from shop import RATE\n"
    )
    code.resolve("front:RATE")
    folder.write(shop__tax="RATE = 2\n")
    assert code.affected() == {"shop.tax", "shop", "front"}


def test_a_name_that_a_package_gives_to_another_thing_is_of_the_package(folder, code):
    folder.write(shop__INIT="import shop.tax\ntax = 5\n", shop__tax="", front="from shop import tax\n")
    code.resolve("front:tax")
    assert code.needs("front") == {"shop"}


def test_a_source_of_the_same_size_and_second_is_another(folder, code):
    folder.write(shouting="value = 1\n")
    file = folder.path / "shouting.py"
    os.utime(file, (1_000_000_000, 1_000_000_000))
    code.resolve("shouting:value")
    folder.write(shouting="value = 2\n")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert code.changed() == {"shouting"}


def test_compiled_files_of_others_are_not_believed(folder, code):
    file = folder.path / "shouting.py"
    folder.write(shouting="value = 1\n")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    py_compile.compile(str(file))
    assert Path(cache_from_source(str(file))).exists()
    folder.write(shouting="value = 2\n")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert code.resolve("shouting:value") == 2


def test_what_changes_while_it_is_imported_counts_as_it_was_read(folder, code):
    folder.write(shouting="from pathlib import Path\nPath(__file__).write_text('value = 2')\nvalue = 1\n")
    assert code.resolve("shouting:value") == 1
    assert code.changed() == {"shouting"}


def test_deleted_files_and_other_files_of_the_name_are_changes(folder, shop):
    (folder.path / "front.py").unlink()
    (folder.path / "shop" / "tax.py").unlink()
    folder.write(shop__tax__INIT="RATE = 19\n")
    assert shop.changed() == {"front", "shop.tax"}


def test_a_package_without_and_then_with_a_file_of_its_own(folder, code):
    folder.write(plain__inner="value = 1\n")
    code.resolve("plain.inner:value")
    assert sorted(code.modules()) == ["plain", "plain.inner"]
    assert not code.changed()
    folder.write(plain__INIT="")
    assert code.changed() == {"plain"}


def test_machine_code_stays(folder, code, monkeypatch):
    module = ModuleType("compiled")
    file = folder.path / f"compiled{EXTENSION_SUFFIXES[0]}"
    file.write_bytes(b"\x7fELF")
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "compiled", module)
    folder.write(front="import compiled\n")
    code.resolve("front:compiled")
    before = code.digests(["front:compiled"])
    assert set(before) == {"front", "compiled"}
    file.write_bytes(b"\x7fELF of another")
    assert not code.changed()
    assert code.digests(["front:compiled"]) == before


@given(
    imports=st.dictionaries(st.integers(0, 7), st.sets(st.integers(0, 7)), max_size=8),
    changed=st.sets(st.integers(0, 7), min_size=1),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_affected_are_those_that_reach_a_change(tmp_path, forgotten_imports, imports, changed):
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    folder.mkdir()
    names = {number: f"graph{number}_of_{folder.name}" for number in range(8)}

    def write(number: int, more: str = "") -> None:
        lines = [f"import {names[other]}\n" for other in sorted(imports.get(number, ()))]
        (folder / f"{names[number]}.py").write_text("".join(lines) + more)

    for number in names:
        write(number)
    code = UserCode(folder)
    for name in names.values():
        code.resolve(f"{name}:__name__")
    for number in changed:
        write(number, "more = 1\n")
    affected = {number for number in names if reached(imports, number) & changed}
    assert code.affected() == {names[number] for number in affected}
    for number, name in names.items():
        found = code.digests([f"{name}:x"])
        assert set(found) == {names[other] for other in reached(imports, number)}


def reached(imports: dict[int, set[int]], number: int) -> set[int]:
    """The numbers that `number` imports, directly or not, and itself."""
    found: set[int] = set()
    waiting = {number}
    while waiting:
        found |= waiting
        waiting = {other for one in waiting for other in imports.get(one, ())} - found
    return found


def test_modules_that_were_imported_before(folder):
    folder.write(shouting="value = 1\n")
    importer(folder.path)("shouting:value")
    code = UserCode(folder.path)
    assert not code.changed()
    folder.write(shouting="value = 2\n")
    assert code.changed() == {"shouting"}


def test_modules_without_a_source(folder, code):
    def compile_as(text: str) -> None:
        folder.write(source=text)
        py_compile.compile(str(folder.path / "source.py"), cfile=str(folder.path / "plain.pyc"))

    compile_as("value = 1")
    assert code.resolve("plain:value") == 1
    assert set(code.digests(["plain:value"])) == {"plain"}
    assert not code.changed()
    compile_as("value = 22")
    assert code.changed() == {"plain"}
    with code.aside() as aside:
        assert aside.resolve("plain:value") == 22
        aside.commit()
    assert not code.changed()


def test_modules_in_an_archive_stay(folder, code, monkeypatch):
    with zipfile.ZipFile(folder.path / "libraries.zip", "w") as archive:
        archive.writestr("zipped.py", "value = 1\n")
    monkeypatch.syspath_prepend(folder.path / "libraries.zip")
    folder.write(front="from zipped import value\n")
    assert code.resolve("front:value") == 1
    assert not code.changed()
    assert set(code.digests(["front:value"])) == {"front"}
    del sys.modules["zipped"]


def test_a_package_that_was_taken_away_from_its_modules(folder, code):
    folder.write(shop__orders="")
    code.resolve("shop.orders:__name__")
    del sys.modules["shop"]
    assert code.changed() == {"shop.orders"}


def test_files_that_cannot_be_read_any_more(folder, code, monkeypatch):
    folder.write(front="def f():\n    import later\n", later="")
    importer(folder.path)("front:f")
    before = code.digests(["front:f"])

    def refused(file: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert code.changed() == {"front"}
    assert code.digests(["front:f"]) == {"front": before["front"]}


def test_a_module_of_another_that_had_gone_before_it_was_seen(folder, code, monkeypatch):
    module = ModuleType("made")
    module.__file__ = str(folder.path / "made.py")
    monkeypatch.setitem(sys.modules, "made", module)
    assert code.digests(["made:x"]) == {"made": ""}
    assert code.changed() == {"made"}


def test_modules_of_others_need_nothing_of_the_user(code):
    assert code.needs("json") == set()


def test_the_files_of_what_could_not_be_imported(folder, code):
    folder.write(needing="import of_the_shop.words\n", broken="1 / 0\n", fine="")
    for name in ("needing", "broken", "missing.inner"):
        with pytest.raises(ResolveError):
            code.resolve(f"{name}:value")
    with pytest.raises(ResolveError):
        code.resolve("fine:value")
    expected = (
        *("needing.py", "needing/__init__.py", "broken.py", "fine.py"),
        *("of_the_shop.py", "of_the_shop/__init__.py"),
        *("missing.py", "missing/__init__.py", "missing/inner.py", "missing/inner/__init__.py"),
    )
    assert code.files() == {folder.path / name for name in expected}
    with code.aside():
        assert code.files() == {folder.path / "fine.py"}


def test_errors_are_those_of_importing(folder, code):
    folder.write(shouting="value = 1\n", broken="x = = 1\n", odd="x = 1\0\n")
    with pytest.raises(ResolveError, match="did you mean shouting"):
        code.resolve("shoutin:value")
    with pytest.raises(ResolveError, match=r"SyntaxError: .*broken.py:1\)"):
        code.resolve("broken:x")
    with pytest.raises(ResolveError, match="null bytes"):
        code.resolve("odd:x")


# -- what references reach --------------------------------------------------------------------------------


def test_references_reach_what_their_modules_import(shop):
    assert set(shop.digests(["shop.stock:stock"])) == {"shop.stock"}
    assert set(shop.digests(["shop.orders:order"])) == {"shop.orders", "shop.prices", "shop.tax"}
    assert set(shop.digests(["os.path:join"])) == set()
    both = shop.digests(["shop.orders:order", "front:later"])
    assert set(both) == {"front", "shop", "shop.orders", "shop.prices", "shop.tax"}


def test_what_is_imported_later_makes_no_difference(folder, code):
    folder.write(front="def f():\n    from shop.tax import RATE\n    return RATE\n")
    folder.write(shop__tax="import other\nRATE = 1\n", other="")
    function = code.resolve("front:f")
    before = code.digests(["front:f"])
    assert set(before) == {"front", "shop.tax", "other"}
    assert function() == 1
    assert code.digests(["front:f"]) == before
    folder.write(other="more = 1")
    assert code.digests(["front:f"]) == before


def test_what_is_asked_at_one_moment_is_looked_at_once(folder, shop):
    folder.write(at_once="import shop.tax, later\n", later="", front="def f():\n    import at_once\n")
    seen = {}
    both = [shop.digests([reference], seen) for reference in ("front:f", "at_once:x")]
    assert both == [shop.digests([reference]) for reference in ("front:f", "at_once:x")]
    folder.write(later="more = 1\n")
    assert shop.digests(["at_once:x"], seen) == both[1] != shop.digests(["at_once:x"])


def test_what_is_reached_need_not_be_imported(folder, code):
    folder.write(**SHOP)
    expected = {"shop.orders", "shop.prices", "shop.tax"}
    assert set(code.digests(["shop.orders:order", "os.path:join"])) == expected
    assert code.modules() == {}
    code.resolve("shop.orders:order")
    assert set(code.digests(["shop.orders:order"])) == expected
    folder.write(space__one="", front="import space.one\n")
    assert set(code.digests(["front:x"])) == {"front", "space", "space.one"}


def test_a_name_from_above_the_top_reaches_nothing(folder, code):
    folder.write(front="def f():\n    from . import other\n", other="")
    code.resolve("front:f")
    assert set(code.digests(["front:f"])) == {"front"}


def test_modules_that_cannot_be_parsed_yet_count_too(folder, code):
    folder.write(front="def f():\n    import broken\n", broken="x = = 1")
    code.resolve("front:f")
    assert set(code.digests(["front:f"])) == {"front", "broken"}


# -- whose files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["site-packages/a.py", "x/dist-packages/y/a.py", "env/lib/a.py", "libraries.zip/a.py"]
)
def test_what_is_installed_below_the_folder_is_not_the_users(tmp_path, name):
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").touch()
    folder = UserFolder(tmp_path)
    assert not folder.holds(str(tmp_path / name))
    assert folder.holds(str(tmp_path / "other" / "a.py"))
    assert not folder.holds(str(tmp_path) + "-other/a.py")


def test_neither_are_python_and_polyport():
    above = UserFolder(Path("/"))
    assert not above.holds(os.__file__)
    assert not above.holds(pytest.__file__)
    assert not UserFolder(Path(protocols.__file__).parent.parent).holds(protocols.__file__)
    assert above.holds("/srv/site/functions.py")
