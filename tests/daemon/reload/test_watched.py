"""What a configuration is read from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from protocols.daemon.importing import ResolveError
from protocols.daemon.reload.watched import Watched, watched_by
from protocols.daemon.yaml_reader import parse


def write(folder: Path, *names: str, text: str = "") -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def watched(folder: Path, *patterns: str, code: Path | None = None) -> Watched:
    return Watched(folder, frozenset({folder / "main.yaml"}), patterns, frozenset([code] if code else []))


def changes(one: Watched, change: object) -> bool:
    """Whether `change` makes a difference."""
    before = one.state()
    assert one.state() == before
    assert callable(change)
    change()
    return one.state() != before


def test_files_and_what_patterns_match(tmp_path):
    write(tmp_path, "main.yaml", "conf.d/a.yaml", "conf.d/deep/b.yaml")
    one = watched(tmp_path, "conf.d/*.yaml", "more/**/*.yaml", "one.yaml")
    assert changes(one, lambda: write(tmp_path, "main.yaml", text="x"))
    assert changes(one, lambda: write(tmp_path, "conf.d/a.yaml", text="x"))
    assert changes(one, lambda: write(tmp_path, "conf.d/new.yaml"))
    assert changes(one, (tmp_path / "conf.d" / "new.yaml").unlink)
    assert changes(one, lambda: write(tmp_path, "more/a/b/c.yaml"))
    assert changes(one, lambda: write(tmp_path, "one.yaml"))
    assert changes(one, (tmp_path / "main.yaml").unlink)
    assert not changes(one, lambda: write(tmp_path, "conf.d/deep/b.yaml", text="x"))
    assert not changes(one, lambda: write(tmp_path, "conf.d/.hidden.yaml", "main.yaml~", "other.yaml"))


def test_modules_beside_those_that_are_there(tmp_path):
    one = watched(tmp_path, code=tmp_path / "shop")
    assert not changes(one, lambda: write(tmp_path, "functions.py"))
    assert changes(one, lambda: write(tmp_path, "shop/orders.py"))
    assert changes(one, lambda: write(tmp_path, "shop/orders.py", text="x = 1"))
    assert not changes(one, lambda: write(tmp_path, "shop/.#orders.py", "shop/orders.py~", "shop/x.pyc"))


def test_a_file_of_the_same_size_in_the_place_of_another(tmp_path):
    write(tmp_path, "main.yaml", "new", text="x")
    assert changes(watched(tmp_path), lambda: (tmp_path / "new").rename(tmp_path / "main.yaml"))


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ((), {""}),
        (("conf.d/*.yaml",), {"", "conf.d"}),
        (("conf.d/deep/b.yaml",), {"", "conf.d/deep"}),
        (("*/*.yaml",), {"", "conf.d", "empty"}),
        (("*/deep/*.yaml",), {"", "conf.d", "empty", "conf.d/deep"}),
        (("conf.d/**/*.yaml",), {"", "conf.d", "conf.d/deep"}),
        (("to/come/*.yaml",), {""}),
        (("conf.d/to/come/x.yaml",), {"", "conf.d"}),
    ],
)
def test_the_directories_in_which_something_may_happen(tmp_path, patterns, expected):
    write(tmp_path, "main.yaml", "conf.d/a.yaml", "conf.d/deep/b.yaml")
    (tmp_path / "empty").mkdir()
    found = watched(tmp_path, *patterns).directories()
    assert {folder.relative_to(tmp_path) for folder in found} == {Path(name) for name in expected}


def test_absolute_patterns(tmp_path):
    write(tmp_path, "conf.d/a.yaml")
    folder = tmp_path / "here"
    folder.mkdir()
    assert watched(folder, f"{tmp_path}/conf.d/*.yaml").directories() == {folder, tmp_path / "conf.d"}


def test_what_symbolic_links_lead_to_and_where_they_stand(tmp_path):
    write(tmp_path, "releases/1/main.yaml", "releases/2/main.yaml")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "current").symlink_to("../releases/1")
    (tmp_path / "etc" / "polyport").mkdir()
    (tmp_path / "etc" / "polyport" / "main.yaml").symlink_to("../current/main.yaml")
    one = watched(tmp_path / "etc" / "polyport")
    assert one.directories() == {tmp_path / "etc" / "polyport", tmp_path / "releases" / "1"}
    two = watched(tmp_path / "etc" / "current")
    assert two.directories() == {tmp_path / "etc", tmp_path / "etc" / "current", tmp_path / "releases" / "1"}

    def swap() -> None:
        (tmp_path / "etc" / "next").symlink_to("../releases/2")
        (tmp_path / "etc" / "next").rename(tmp_path / "etc" / "current")

    assert changes(two, swap)


def test_what_a_configuration_is_made_of(folder, code):
    file = folder.path / "polyport.yaml"
    file.write_text("include: [conf.d/*.yaml, 7, '']\n")
    folder.write(shop__orders="", broken="x = = 1\n")
    code.resolve("shop.orders:__name__")
    with pytest.raises(ResolveError):
        code.resolve("broken:x")
    modules = {folder.path / "shop" / "orders.py", folder.path / "broken.py"}
    assert watched_by(file, code) == Watched(
        folder.path,
        frozenset({file, *modules}),
        ("conf.d/*.yaml",),
        frozenset({folder.path, folder.path / "shop"}),
    )


def test_what_could_not_be_imported_may_come_to_be(folder, code):
    file = folder.path / "polyport.yaml"
    write(folder.path, "polyport.yaml")
    folder.write(front="import shop.orders\n")
    with pytest.raises(ResolveError):
        code.resolve("front:value")
    one = watched_by(file, code)
    assert folder.path in one.directories()
    assert changes(one, lambda: folder.write(shop__orders=""))
    assert folder.path / "shop" in one.directories()


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("include: a.yaml", ("a.yaml",)),
        ("include: {a: b}", ()),
        ("include: ", ()),
        ("- a", ()),
        ("a: [", ()),
        ("services: {}", ()),
    ],
)
def test_a_yaml_that_is_not_right_yet(folder, code, text, patterns):
    file = folder.path / "polyport.yaml"
    file.write_text(text)
    assert watched_by(file, code).patterns == patterns
    file.unlink()
    assert watched_by(file, code).patterns == ()


def test_a_yaml_is_parsed_only_when_its_text_is_another(folder, code, monkeypatch):
    file = folder.path / "polyport.yaml"
    parsed = []
    monkeypatch.setattr(
        "protocols.daemon.reload.watched.parse", lambda *what: parsed.append(what) or parse(*what)
    )

    def patterns(text: str) -> tuple[str, ...]:
        file.write_text(text)
        os.utime(file, (1_000_000_000, 1_000_000_000))
        return watched_by(file, code).patterns

    assert patterns("include: a.yaml") == patterns("include: a.yaml") == ("a.yaml",)
    assert patterns("include: b.yaml") == ("b.yaml",)
    assert parsed == [("include: a.yaml", str(file)), ("include: b.yaml", str(file))]
