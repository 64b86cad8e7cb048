"""The user's code imported anew: in the place of what was there, or not at all."""

from __future__ import annotations

import gc
import py_compile
import sys
import weakref

import pytest

from protocols.daemon.importing import ResolveError
from protocols.daemon.loader import load
from protocols.daemon.problems import ConfigError
from protocols.daemon.reload.user_code import UserCode

FILES = {
    "shop__INIT": "import shop.tax\n",
    "shop__tax": "RATE = 19\n",
    "shop__orders": "from shop.tax import RATE\n\ndef order():\n    return RATE\n",
    "stock": "import shop.plain\nseen = []\n",
    "shop__plain": "",
}


@pytest.fixture
def shop(folder, code):
    folder.write(**FILES)
    code.resolve("shop.orders:order")
    code.resolve("stock:seen")
    return code


def state(code: UserCode) -> dict[str, object]:
    """Everything that is to be as it was: modules, and what packages have in their names."""
    modules = code.modules()
    return {**modules, **{f"{name} has": dict(vars(module)) for name, module in modules.items()}}


def test_what_has_changed_and_who_imports_it_are_new_and_others_the_same(folder, shop):
    old = shop.modules()
    old["stock"].seen.append("something")
    order = old["shop.orders"].order
    affected = {"shop", "shop.orders", "shop.tax", "stock"}
    folder.write(shop__tax="RATE = 7\n")
    with shop.aside() as aside:
        assert old.keys() - shop.modules().keys() == affected
        assert aside.resolve("shop.orders:order")() == 7
        assert order() == 19
        aside.commit()
    new = shop.modules()
    assert {name for name, module in old.items() if new.get(name) is not module} == affected
    assert shop.modules()["shop.plain"] is old["shop.plain"]
    assert shop.modules()["shop.tax"] is not old["shop.tax"]
    assert "stock" not in shop.modules()
    assert not shop.changed()
    # A package that is new has the modules of it that are not.
    assert sys.modules["shop"].plain is old["shop.plain"]
    assert sys.modules["shop"].tax is sys.modules["shop.tax"]
    assert order() == 19


def test_a_module_in_a_package_that_stays(folder, shop):
    package, tax = sys.modules["shop"], sys.modules["shop.tax"]
    folder.write(shop__orders="def order():\n    return 'new'\n")
    with shop.aside() as aside:
        assert not hasattr(package, "orders")
        aside.resolve("shop.orders:order")
        aside.commit()
    assert sys.modules["shop"] is package
    assert sys.modules["shop.tax"] is tax
    assert package.orders.order() == "new"


def test_a_package_that_uses_what_stays_while_it_is_made(folder, shop):
    folder.write(shop__INIT="import shop.plain\nplain = shop.plain\n")
    with shop.aside() as aside:
        assert aside.resolve("shop:plain") is sys.modules["shop.plain"]
        aside.commit()


@pytest.mark.parametrize(
    ("files", "reference", "words"),
    [
        ({"shop__tax": "RATE = = 7\n"}, "shop.orders:order", r"SyntaxError: .*tax.py:1"),
        ({"shop__tax": "RATE = 7\n1 / 0\n"}, "shop.orders:order", r"ZeroDivisionError: .*tax.py:2"),
        ({"shop__tax": "raise SystemExit(4)\n"}, "shop.orders:order", "SystemExit: 4"),
        ({"shop__tax": ""}, "shop.orders:order", "cannot import name 'RATE'"),
        ({"shop__orders": "import added\nimport shop.added\n1 / 0", "added": "", "shop__added": ""},
         "shop.orders:order", "ZeroDivisionError"),
        ({"shop__orders": "x = 1\n"}, "shop.orders:order", "has no attribute order"),
        ({"shop__orders": "import missing\n"}, "shop.orders:order", "No module named 'missing'"),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_leaves_everything_as_it_was(folder, shop, files, reference, words):
    before = state(shop)
    folder.write(**files)
    with shop.aside() as aside, pytest.raises(ResolveError, match=words):
        aside.resolve(reference)
    assert state(shop) == before


def test_a_module_whose_file_has_gone(folder, shop):
    before = state(shop)
    (folder.path / "shop" / "orders.py").unlink()
    with shop.aside() as aside, pytest.raises(ResolveError, match=r"there is no module shop\.orders"):
        aside.resolve("shop.orders:order")
    assert state(shop) == before
    with shop.aside() as aside:
        aside.commit()
    assert "shop.orders" not in sys.modules
    assert not hasattr(sys.modules["shop"], "orders")


def test_whatever_is_raised_everything_is_as_it_was(folder, shop):
    before = state(shop)
    folder.write(shop__tax="RATE = 7\n", stock="import shop.orders\nraise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt), shop.aside() as aside:
        aside.resolve("stock:seen")
    assert state(shop) == before
    assert shop.changed() == {"shop.tax", "stock"}
    aside.roll_back()
    assert state(shop) == before


def test_after_commit_nothing_is_rolled_back(folder, shop):
    folder.write(shop__tax="RATE = 7\n")
    with shop.aside() as aside:
        aside.resolve("shop.orders:order")
        aside.commit()
        after = state(shop)
        aside.roll_back()
    assert state(shop) == after


def test_without_changes_new_modules_come_and_go_too(folder, shop):
    before = state(shop)
    folder.write(added="import shop.extra\nvalue = 1\n", shop__extra="")
    with shop.aside() as aside:
        assert aside.resolve("added:value") == 1
        assert hasattr(sys.modules["shop"], "extra")
    assert state(shop) == before


def test_old_modules_become_garbage(folder, code):
    folder.write(shouting="")
    code.resolve("shouting:__name__")
    markers = []
    for number in range(100):
        folder.write(
            base="class Base: pass\n",
            shouting=f"import base\nclass Marker(base.Base): n = {number}\nmarker = Marker()\n"
            "def shout(): return marker\n",
        )
        with code.aside() as aside:
            markers.append(weakref.ref(aside.resolve("shouting:shout")()))
            aside.commit()
    gc.collect()
    assert [marker().n for marker in markers if marker() is not None] == [99]


def test_each_new_module_is_tested_once_and_those_that_stay_are_not(folder, code):
    counting = "count = []\ndef selftest(): count.append(1)\n"
    folder.write(one=counting, two=counting)
    assert code.resolve("one:count") == []
    code.resolve("two:count")
    folder.write(two=counting + "# more\n")
    with code.aside() as aside:
        assert aside.resolve("one:count") == []
        assert aside.resolve("two:count") == [1]
        assert aside.resolve("two:count") == [1]


def test_the_loader_says_where_what_does_not_work_is_named(folder, code):
    folder.write(shouting="def shout(message): return message\n")
    yaml = folder.path / "polyport.yaml"
    yaml.write_text("services:\n  shout:\n    listen: tcp://:0\n    function: shouting:shout\n")
    load(yaml, code.resolve)
    folder.write(shouting="def shout(message): return message\ndef selftest(): 1 / 0\n")
    with code.aside() as aside, pytest.raises(ConfigError) as raised:
        load(yaml, aside.resolve)
    (problem,) = raised.value.problems
    assert str(problem).startswith(f"{yaml}:4:15: services.shout.function")
    assert "selftest() of the module shouting failed: ZeroDivisionError" in str(problem)


def test_the_compiled_file_of_what_is_imported_anew_is_removed(folder, code):
    folder.write(shouting="value = 1\n", other="value = 1\n")
    for name in ("shouting", "other"):
        code.resolve(f"{name}:value")
        py_compile.compile(str(folder.path / f"{name}.py"))
    folder.write(shouting="value = 2\n")
    with code.aside():
        pass
    assert [file.name.partition(".")[0] for file in (folder.path / "__pycache__").iterdir()] == ["other"]
