"""Modules that say themselves whether they work."""

from __future__ import annotations

import sys

import pytest

from protocols.daemon.importing import ResolveError


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def selftest():\n    assert 1 > 2, 'the sum is wrong'\n",
         r"selftest\(\) of the module helper failed: AssertionError: the sum is wrong \(.*helper.py:2\)"),
        ("def selftest():\n    import json\n    json.loads('{')\n", r"helper.py:3\)"),
        ("def selftest():\n    raise SystemExit\n", r"failed: SystemExit \("),
        ("def selftest():\n    return False\n", r"selftest\(\) of the module helper returned False"),
        ("async def selftest(): pass\n", "must be a plain function"),
        ("def selftest(): yield\n", "must be a plain function"),
        ("async def selftest(): yield\n", "must be a plain function"),
    ],
)  # fmt: skip
def test_a_module_that_does_not_work_does_not_come_in(folder, code, source, words):
    folder.write(shouting="import helper\ndef shout(): return 'old'\n", helper="")
    code.resolve("shouting:shout")
    before = code.modules()
    folder.write(helper=source)
    with code.aside() as aside, pytest.raises(ResolveError, match=words):
        aside.resolve("shouting:shout")
    assert code.modules() == before
    assert not hasattr(before["helper"], "selftest")


@pytest.mark.parametrize(
    "source",
    [
        "def selftest(): return None\n",
        "def selftest(again=False): return 0\n",
        "def selftest(message): return False\n",
        "from ours import selftest\n",
        "class selftest: pass\n",
        "selftest = False\n",
    ],
)
def test_what_passes_or_is_no_selftest(folder, code, source):
    folder.write(helper=source, ours="def selftest(): return 1\n")
    with code.aside() as aside:
        aside.resolve("helper:__name__")


def test_what_others_need_is_tested_first_and_the_rest_though_it_fails(folder, code):
    folder.write(
        first="tested = []\ndef selftest():\n    tested.append('first')\n",
        second="from first import tested\ndef selftest():\n    tested.append('second')\n    return False\n",
        third="from first import tested\ndef selftest():\n    tested.append('third')\n",
    )
    with code.aside() as aside:
        with pytest.raises(ResolveError, match="the module second returned False"):
            aside.resolve("second:tested")
        assert aside.resolve("third:tested") == ["first", "second", "third"]


def test_modules_of_others_are_not_tested(folder, code, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "of_others.py").write_text("def selftest(): return False\n")
    monkeypatch.syspath_prepend(elsewhere)
    folder.write(shouting="import of_others\nvalue = 1\n")
    with code.aside() as aside:
        assert aside.resolve("shouting:value") == 1
    del sys.modules["of_others"]
