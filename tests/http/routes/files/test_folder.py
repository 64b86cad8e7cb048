"""What can be reached, and what cannot."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.http import FilesRoute, HTTPError, Request
from protocols.http.routes.files.folder import LINKS, STEPS, Folder
from protocols.http.source import Source
from protocols.http.target import decode_path

SECRET = b"outside"
"""What stands in every file outside."""

MODES = ("none", "inside", "anywhere")

ESCAPES = [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/.%2e/secret.txt",
    "/sub/../../secret.txt",
    "/sub/%2e%2e/%2e%2e/secret.txt",
    "/%252e%252e/secret.txt",
    "/%252e%252e%252fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/sub\\..\\..\\secret.txt",
    "/..%c0%afsecret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/%e0%80%ae%e0%80%ae/secret.txt",
    "/..%u2215secret.txt",
    "/..%ef%bc%8fsecret.txt",
    "/%ef%bc%8e%ef%bc%8e/secret.txt",
    "/..;/secret.txt",
    "/..%00/secret.txt",
    "/hello.txt%00",
    "/hello.txt%00.html",
    "/..%0d%0a/secret.txt",
    "//secret.txt",
    "///../secret.txt",
    "/./../secret.txt",
    "/.../secret.txt",
    "/~/../secret.txt",
    "/file:///etc/passwd",
    "/c:/windows/win.ini",
    "//etc/passwd",
    "/%2fetc/passwd",
    "/%2f%2fetc%2fpasswd",
    "/sub/%2fetc/passwd",
    "/proc/self/environ",
    "/top/../../secret.txt",
    "/../public-too/secret.txt",
]


@pytest.mark.parametrize("symlinks", MODES)
@pytest.mark.parametrize("path", ESCAPES)
def test_nothing_outside_is_reached(connect, route, path: str, symlinks: str) -> None:
    answer = connect({"/": route(symlinks=symlinks, listing=True)}).ask("GET", path)
    assert answer.status in (400, 404)
    assert SECRET not in answer.body
    assert b"root:" not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "/missing",
        "/pipe",
        "/.env",
        "/.well-known/.x",
        "/sub/.hidden/x",
        "/hello.txt/",
        "/hello.txt/x",
        "//hello.txt",
        "/sub//a.weird",
        "/sub\\a.weird",
        "/empty/",
        "/" + "a" * 300,
        "/" + "a/" * 3000,
        "/" + "%F0%9F%90%98" * 100,
        "/loop",
        "/ping",
        "/device",
    ],
)
def test_what_there_is_not(client, path: str) -> None:
    assert client.ask("GET", path).status == 404


INSIDE = b"0123456789"

LINKED = {
    "/inside": ("inside", INSIDE),
    "/sub/inside-relative": ("inside", INSIDE),
    "/subdir/a.weird": ("inside", b"<script>"),
    "/up-and-down/a.weird": ("inside", b"<script>"),
    "/top/sub/a.weird": ("inside", b"<script>"),
    "/top/top/subdir/inside-relative": ("inside", INSIDE),
    "/out": ("anywhere", SECRET),
    "/out-relative": ("anywhere", SECRET),
    "/out-and-in": ("anywhere", INSIDE),
    "/outdir/secret.txt": ("anywhere", SECRET),
    "/beside/secret.txt": ("anywhere", SECRET),
}
"""Which links have to be followed to find something, and what that holds."""


@pytest.mark.parametrize("symlinks", MODES)
@pytest.mark.parametrize("path", LINKED)
def test_links(connect, route, path: str, symlinks: str) -> None:
    needed, content = LINKED[path]
    answer = connect({"/": route(symlinks=symlinks)}).ask("GET", path)
    if MODES.index(symlinks) >= MODES.index(needed):
        assert (answer.status, answer.body) == (200, content)
    else:
        assert answer.status == 404


@pytest.mark.parametrize("symlinks", MODES)
@pytest.mark.parametrize("path", ["/loop", "/ping", "/device", "/pipe"])
def test_links_that_lead_to_no_file(connect, route, path: str, symlinks: str) -> None:
    assert connect({"/": route(symlinks=symlinks)}).ask("GET", path).status == 404


def test_a_link_has_the_type_of_its_own_name(connect, route, site: Path) -> None:
    (site / "blob").write_text("{}")
    (site / "latest.json").symlink_to("blob")
    answer = connect({"/": route(symlinks="inside")}).ask("GET", "/latest.json")
    assert answer.headers["Content-Type"] == "application/json"


def test_many_links_are_not_followed(connect, route, site: Path) -> None:
    (site / "l0").symlink_to("hello.txt")
    for number in range(LINKS):
        (site / f"l{number + 1}").symlink_to(f"l{number}")
    client = connect({"/": route(symlinks="inside")})
    assert client.ask("GET", f"/l{LINKS - 1}").status == 200
    assert client.ask("GET", f"/l{LINKS}").status == 404


def test_links_that_multiply_end(site: Path, descriptors) -> None:
    # Each goes twice through the one before it: 2 ** 30 steps.
    before = descriptors()
    (site / "m0").symlink_to("sub/..")
    for number in range(30):
        (site / f"m{number + 1}").symlink_to(f"m{number}/m{number}")
    with Folder(site, symlinks="inside").visit() as visit:
        assert visit.find(["m30", "hello.txt"]) is None
        assert descriptors() <= before + STEPS
    assert descriptors() == before


def test_a_folder_that_is_a_link_is_served_as_it_is_now(connect, route, site: Path, tmp_path: Path) -> None:
    # So do many people put a new version of a site in place: all at once.
    (tmp_path / "v2").mkdir()
    (tmp_path / "v2" / "hello.txt").write_text("second")
    current = tmp_path / "current"
    current.symlink_to(site)
    client = connect({"/": route(folder=current)})
    assert client.ask("GET", "/hello.txt").body == b"0123456789"
    (tmp_path / "next").symlink_to("v2")
    (tmp_path / "next").rename(current)
    client.clock.advance(2)
    assert client.ask("GET", "/hello.txt").body == b"second"


def test_absolute_links_into_a_folder_that_is_a_link(site: Path, tmp_path: Path) -> None:
    current = tmp_path / "current"
    current.symlink_to(site)
    (site / "by-name").symlink_to(current / "hello.txt")
    with Folder(current, symlinks="inside").visit() as visit:
        assert visit.find(["by-name"]) is not None
        assert visit.find(["inside"]) is not None


def test_hidden_files_are_shown_if_wanted(connect, route) -> None:
    client = connect({"/": route(dotfiles=True)})
    assert client.ask("GET", "/.env").body == b"x"
    assert client.ask("GET", "/sub/.hidden/x").body == b"x"
    for path in ("/..", "/.", "/sub/..", "/%2e%2e/secret.txt"):
        assert client.ask("GET", path).status == 400


def test_the_hidden_folder_that_is_for_others(client) -> None:
    assert client.ask("GET", "/.well-known/security.txt").body == b"mail us"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a b.txt", "/a%20b.txt"),
        ("é.txt", "/%C3%A9.txt"),
        ("e\u0301.txt", "/e%CC%81.txt"),
        ("日本語.txt", "/%E6%97%A5%E6%9C%AC%E8%AA%9E.txt"),
        ("🐘.txt", "/%F0%9F%90%98.txt"),
        ("a\\b.txt", "/a%5Cb.txt"),
        ("a%2fb.txt", "/a%252fb.txt"),
        ("a:b.txt", "/a:b.txt"),
        ("a?b#c.txt", "/a%3Fb%23c.txt"),
        ("...", "/..."),
        ("-rf", "/-rf"),
        ("a" * 255, "/" + "a" * 255),
    ],
)
def test_odd_names(connect, route, site: Path, name: str, path: str) -> None:
    (site / name).write_text("found")
    assert connect({"/": route(dotfiles=True)}).ask("GET", path).body == b"found"


def test_what_is_no_plain_file_is_never_opened(site: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(site / "socket"))
    listener.close()
    with Folder(site, symlinks="anywhere").visit() as visit:
        for name in ("pipe", "socket", "device"):
            assert visit.find([name]) is None


def test_what_has_become_a_pipe_does_not_hold_us_up(site: Path, descriptors) -> None:
    before = descriptors()
    with Folder(site).visit() as visit:
        found = visit.find(["hello.txt"])
        (site / "hello.txt").unlink()
        os.mkfifo(site / "hello.txt")
        assert visit.open(found) is None
    assert descriptors() == before


def test_what_has_become_a_link_is_not_opened(site: Path) -> None:
    with Folder(site).visit() as visit:
        found = visit.find(["hello.txt"])
        (site / "hello.txt").unlink()
        assert visit.open(found) is None
        (site / "hello.txt").symlink_to(site.parent / "secret.txt")
        assert visit.open(found) is None


def test_a_folder_that_is_swapped_for_a_link_on_the_way_leads_nowhere(site: Path) -> None:
    with Folder(site).visit() as visit:
        found = visit.find(["sub"])
        (site / "sub").rename(site / "moved")
        (site / "sub").symlink_to(site.parent)
        # The folder that was found is the one that is looked into.
        assert visit.beside(found, "secret.txt") is None
        assert visit.beside(found, "a.weird") is not None


def test_a_folder_that_is_moved_out_does_not_take_us_along(site: Path, monkeypatch) -> None:
    # "sub/.." is the folder that "sub" was found in, also when it is elsewhere by now.
    (site / "deep").mkdir()
    (site / "deep" / "er").mkdir()
    (site / "link").symlink_to("deep/er/../../hello.txt")
    real = os.stat

    def move_after(path, *arguments, **options):
        status = real(path, *arguments, **options)
        if path == "er":
            monkeypatch.undo()
        return status

    monkeypatch.setattr(os, "stat", move_after)
    with Folder(site, symlinks="inside").visit() as visit:
        found = visit.find(["link"])
        assert found is not None
        assert os.path.samestat(found.status, (site / "hello.txt").stat())


def test_what_is_not_for_us_is_not_there(site: Path, monkeypatch) -> None:
    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    with Folder(site).visit() as visit:
        found = visit.find(["hello.txt"])
        monkeypatch.setattr(os, "open", refuse)
        assert visit.open(found) is None
        assert visit.find(["sub"]) is None


def test_our_own_troubles_are_not_the_clients(client, failures, monkeypatch) -> None:
    real = os.open

    def too_many(path, *arguments, **options):
        if path == "hello.txt":
            raise OSError(errno.EMFILE, "Too many open files")
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", too_many)
    assert client.ask("GET", "/hello.txt").status == 500
    assert len(failures) == 1


def test_a_site_that_is_gone_is_our_trouble_too(client, site: Path, failures) -> None:
    site.rename(site.parent / "elsewhere")
    assert client.ask("GET", "/hello.txt").status == 500
    assert len(failures) == 1


PARTS = st.sampled_from(
    [
        *("..", ".", "", "out", "outdir", "sub", "secret.txt", "hello.txt", "%2e%2e", "%2f", "\\", "..\\"),
        *("%00", "loop", ".env", "etc/passwd", "beside", "subdir", "up-and-down", "pipe", "public", "top"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(parts=st.lists(PARTS, max_size=6), symlinks=st.sampled_from(["none", "inside"]), decoded=st.booleans())
def test_no_path_leaves_the_folder(site: Path, clock, parts: list[str], symlinks, decoded: bool) -> None:
    route = FilesRoute(site, reactor=clock, symlinks=symlinks, dotfiles=True)
    try:
        path = "/" + "/".join(parts) if decoded else decode_path("/" + "/".join(parts))
        response = route.respond(Request("GET", path), path[1:])
    except HTTPError as error:
        assert error.status in (400, 404)  # noqa: PT017 - either outcome is right, each in its way
        return
    assert not isinstance(response.content, Source)
    assert response.content != SECRET


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rest=st.text(max_size=30))
def test_any_text_is_looked_up(site: Path, rest: str) -> None:
    folder = Folder(site, dotfiles=True)
    names = folder.names(rest)
    if names is not None:
        with folder.visit() as visit:
            visit.find(names)


def test_a_folder_that_is_none_is_refused(route, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        route(folder=tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        route(folder=tmp_path / "file")
