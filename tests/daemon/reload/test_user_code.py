"""The modules of the user: what they are made of, and which have changed."""

from __future__ import annotations

import os
import py_compile
from importlib.util import cache_from_source
from pathlib import Path

import pytest

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


def test_modules_that_were_imported_before(folder):
    folder.write(shouting="value = 1\n")
    importer(folder.path)("shouting:value")
    code = UserCode(folder.path)
    assert not code.changed()
    folder.write(shouting="value = 2\n")
    assert code.changed() == {"shouting"}


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


def test_a_name_from_above_the_top_reaches_nothing(folder, code):
    folder.write(front="def f():\n    from . import other\n", other="")
    code.resolve("front:f")
    assert set(code.digests(["front:f"])) == {"front"}


def test_modules_that_cannot_be_parsed_yet_count_too(folder, code):
    folder.write(front="def f():\n    import broken\n", broken="x = = 1")
    code.resolve("front:f")
    assert set(code.digests(["front:f"])) == {"front", "broken"}


# -- whose files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["site-packages/a.py", "x/dist-packages/y/a.py", "env/lib/a.py"])
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
