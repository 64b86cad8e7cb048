"""The page that lists a folder."""

from __future__ import annotations

import os
import re
import resource
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.http.routes.files.folder import Folder, Item
from protocols.http.routes.files.listing import listing_response, readable_size


@pytest.fixture
def page(connect, route, waiting):
    """The page of a folder of the site, listed with some settings."""

    def page(path: str = "/sub/", **settings: object) -> str:
        client = connect({"/": route((), listing=True, **settings)})
        answer = waiting(client, path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        return answer.body.decode()

    return page


def links(page: str) -> list[str]:
    return [unescape(link) for link in re.findall(r'href="([^"]*)"', page)]


def test_no_listing_unless_it_was_asked_for(client) -> None:
    assert client.ask("GET", "/empty/").status == 404


def test_a_listing_shows_what_can_be_had(page, site: Path) -> None:
    (site / "sub" / "Zoo").mkdir()
    (site / "sub" / "b.txt").write_text("x")
    (site / "sub" / "C.txt").write_text("x")
    (site / "sub" / "fifo").unlink(missing_ok=True)
    os.mkfifo(site / "sub" / "fifo")
    assert links(page()) == ["../", "./Zoo/", "./a.weird", "./b.txt", "./C.txt", "./index.html"]
    assert "This folder is empty" in page("/empty/")


@pytest.mark.parametrize(
    ("symlinks", "shown"),
    [
        ("none", {"./hello.txt", "./index.html", "./sub/", "./empty/", "./.well-known/"}),
        ("inside", {"./inside", "./subdir/", "./up-and-down/", "./top/"}),
        ("anywhere", {"./out", "./outdir/", "./beside/", "./out-and-in", "./out-relative"}),
    ],
)
def test_links_are_shown_if_they_are_followed(page, symlinks: str, shown: set[str]) -> None:
    found = set(links(page("/", symlinks=symlinks)))
    assert shown <= found
    if symlinks == "none":
        assert shown == found
    assert not found & {"./pipe", "./loop", "./ping", "./device", "./.env", "../"}
    assert ("./out" in found) == (symlinks == "anywhere")


def test_hidden_files_are_listed_if_they_are_shown(page) -> None:
    assert "./.hidden/" in links(page(dotfiles=True))


def test_names_are_harmless(page, site: Path) -> None:
    folder = site / "sub"
    (folder / "<b>&\"'.txt").write_text("x")
    (folder / "javascript:alert(1)").write_text("x")
    (folder / "exe\u202etxt.js").write_text("x")
    (folder / "line\nbreak").write_text("x")
    (folder / b"latin-\xe9".decode(errors="surrogateescape")).write_text("x")
    text = page()
    assert "<b>" not in text
    assert "&lt;b&gt;&amp;&quot;&#x27;.txt" in text
    assert "./javascript:alert(1)" in links(text)
    assert "\u202e" not in text
    assert "./exe%E2%80%AEtxt.js" in links(text)
    assert "break" not in text
    assert "latin" not in text


def test_every_link_leads_there(connect, route, waiting, site: Path) -> None:
    names = ["ä %2e?#.txt", "a\\b", "🐘\u200d", "'quoted'", 'a"b', "&amp;", "-", "a;b=c"]
    for name in names:
        (site / "empty" / name).write_text(name)
    client = connect({"/": route((), listing=True)})
    found = links(waiting(client, "/empty/").body.decode())
    assert {client.ask("GET", "/empty/" + link[2:]).body.decode() for link in found if link != "../"} == {
        *names
    }
    assert len(found) == len(names) + 1


def test_sizes_and_dates(page, site: Path) -> None:
    (site / "sub" / "a.weird").write_bytes(bytes(1536))
    os.utime(site / "sub" / "a.weird", (10**9, 10**9))
    text = page()
    assert "<td>1.5 KiB<td>" in text
    assert '<time datetime="2001-09-09T01:46Z">' in text


def test_more_than_there_is_room_for(page, site: Path, monkeypatch) -> None:
    monkeypatch.setattr("protocols.http.routes.files.route.LISTED", 3)
    for number in range(5):
        (site / "empty" / str(number)).touch()
    text = page("/empty/")
    assert len(links(text)) == 4
    assert "there are more" in text


def test_a_folder_that_vanishes_meanwhile(connect, route, waiting, site: Path, monkeypatch) -> None:
    client = connect({"/": route((), listing=True)})
    monkeypatch.setattr("protocols.http.routes.files.folder.Folder.items", lambda *arguments: None)
    assert waiting(client, "/sub/").status == 404


def test_a_folder_that_cannot_be_read_is_not_there(connect, route, waiting, site: Path, monkeypatch) -> None:
    real = os.open

    def refuse(path, flags, *arguments, **options):
        if path == ".":
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    assert waiting(connect({"/": route((), listing=True)}), "/sub/").status == 404


@pytest.mark.parametrize("symlinks", ["none", "inside", "anywhere"])
def test_many_folders_are_listed_with_few_descriptors(site: Path, descriptors, symlinks) -> None:
    for number in range(100):
        (site / "empty" / f"d{number}").mkdir()
        (site / "empty" / f"l{number}").symlink_to(f"../empty/d{number}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors() + 20, hard))
    try:
        items = Folder(site, symlinks=symlinks).items(["empty"], 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert items is not None
    assert len(items) == (100 if symlinks == "none" else 200)


def test_nothing_stays_open(connect, route, waiting, descriptors) -> None:
    before = descriptors()
    waiting(connect({"/": route((), listing=True, symlinks="inside")}), "/")
    assert descriptors() == before


@given(st.text(), st.floats(allow_nan=True), st.booleans())
def test_any_item_has_a_row(name: str, modified: float, is_folder: bool) -> None:
    name = name.encode(errors="ignore").decode()
    page = listing_response("/x/", [Item(name, is_folder, 5, modified)], top=True, more=False).content
    assert isinstance(page, bytes)
    assert page.count(b"<a ") == 1
    assert page.count(b"<script") == 0


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KiB"),
        (1024, "1.0 KiB"),
        (10_000, "9.8 KiB"),
        (10_240, "10 KiB"),
        (1_023_000, "999 KiB"),
        (5 * 2**30, "5.0 GiB"),
        (2**63, "8.0 EiB"),
    ],
)
def test_sizes_are_readable(size: int, text: str) -> None:
    assert readable_size(size) == text
