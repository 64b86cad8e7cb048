from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from protocols.http import Entry, FilesRoute, RespondRoute
from protocols.http.routing import Match, OtherMethods, RoutesError, RoutingTable, SlashMissing

A, B, C = RespondRoute("a"), RespondRoute("b"), RespondRoute("c")


@pytest.fixture
def table() -> RoutingTable:
    return RoutingTable({"/": A, "/b": B, "/old/": C, "/old/deep/": B, "/caf%C3%A9": C})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", Match(Entry(A), "")),
        ("/b", Match(Entry(B), "")),
        ("/b/", Match(Entry(A), "b/")),
        ("/bb", Match(Entry(A), "bb")),
        ("/old/", Match(Entry(C), "")),
        ("/old/x/y", Match(Entry(C), "x/y")),
        ("/old/deep/x", Match(Entry(B), "x")),
        ("/older", Match(Entry(A), "older")),
        ("//old/x", Match(Entry(A), "/old/x")),
        ("/old", SlashMissing("/old/")),
        ("/old/deep", SlashMissing("/old/deep/")),
        ("/café", Match(Entry(C), "")),
    ],
)
def test_the_exact_path_then_the_longest_prefix(table: RoutingTable, path: str, found: object) -> None:
    assert table.find("GET", "a.test", path) == found


def test_no_route() -> None:
    assert RoutingTable({"/a": A}).find("GET", "a.test", "/b") is None


@pytest.mark.parametrize("path", ["", "a", "/a//b", "/../a", "/%", "/a%00"])
def test_a_path_that_no_request_has_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        RoutingTable({path: A})


def test_one_path_written_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="same path"):
        RoutingTable({"/é": A, "/%C3%A9": B})


def test_one_path_with_two_names_is_refused() -> None:
    with pytest.raises(ValueError, match="same path"):
        RoutingTable({"/x/{a}": A, "/x/{b}": B})


def test_a_folder_needs_its_slash(tmp_path: object) -> None:
    with pytest.raises(ValueError, match="/docs/"):
        RoutingTable({"/docs": FilesRoute(str(tmp_path), reactor=Clock())})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/items/7", Match(Entry(A), "", {"id": "7"})),
        ("/items/new", Match(Entry(B))),
        ("/items/7/parts/x/y", Match(Entry(C), "x/y", {"id": "7"})),
        ("/items/7/parts", SlashMissing("/items/7/parts/")),
        ("/items/", None),
        ("/items/7/", None),
        ("/items/a b", Match(Entry(A), "", {"id": "a b"})),
    ],
)
def test_parameters(path: str, found: object) -> None:
    table = RoutingTable({"/items/{id}": A, "/items/new": B, "/items/{id}/parts/": C})
    assert table.find("GET", "", path) == found


def test_more_that_is_plain_comes_first() -> None:
    table = RoutingTable({"/{a}/{b}": A, "/{a}/x": B, "/y/{b}": C})
    assert [table.find("GET", "", path).entry.route for path in ("/1/2", "/1/x", "/y/x")] == [A, B, C]


def test_methods_of_one_path() -> None:
    get, post = Entry(A, methods=("GET",)), Entry(RespondRoute("", 303), methods=("POST",))
    table = RoutingTable({"/a": [get, post]})
    assert table.find("GET", "", "/a") == Match(get)
    assert table.find("POST", "", "/a") == Match(post)
    assert table.find("HEAD", "", "/a") == Match(get)
    assert table.find("PUT", "", "/a") == OtherMethods(("GET", "HEAD", "POST", "OPTIONS"))


def test_hosts_of_one_path() -> None:
    one, below, rest = Entry(A, hosts=("a.test",)), Entry(B, hosts=("*.a.test",)), Entry(C)
    table = RoutingTable({"/": [one, below, rest]})
    for host, entry in {
        "a.test": one,
        "A.test:8080": one,
        "a.test.": one,
        "x.y.a.test": below,
        "xa.test": rest,
        "": rest,
        "[::1]": rest,
        "[::1]:80": rest,
    }.items():
        assert table.find("GET", host, "/").entry is entry, host


def test_a_host_without_a_route() -> None:
    assert RoutingTable({"/": [Entry(A, hosts=("a.test",))]}).find("GET", "b.test", "/") is None


@pytest.mark.parametrize("path", ["/{a}{b}", "/x{a}", "/{a", "/{1}", "/{a}/{a}", "/{}"])
def test_parameters_that_are_none(path: str) -> None:
    with pytest.raises(ValueError, match=r"segment|parameters"):
        RoutingTable({path: A})


def test_methods_that_a_route_has_not() -> None:
    with pytest.raises(ValueError, match="/a does not answer PUT; it answers GET, HEAD"):
        RoutingTable({"/a": [Entry(A, methods=("GET", "PUT"))]})


@pytest.mark.parametrize("path", ["/users/5", "/admin"])
def test_a_folder_without_its_slash_is_not_what_is_around_it(path: str) -> None:
    table = RoutingTable({"/": A, "/users/{id}/": B, "/admin/": C})
    assert table.find("GET", "", path) == SlashMissing(path + "/")


def test_everything_that_is_wrong_is_said_together() -> None:
    put = Entry(A, methods=("PUT",))
    with pytest.raises(RoutesError, match="leads nowhere") as raised:
        RoutingTable({"a": A, "/a": A, "/%61": [Entry(A), put], "/{x}": A, "/{y}": A, "/b//": A, "/c": B})
    assert [(problem.path, problem.entry) for problem in raised.value.problems] == [
        ("a", None),
        ("/%61", 1),
        ("/%61", None),
        ("/{y}", None),
        ("/b//", None),
    ]


@pytest.mark.parametrize("path", ["/admin/", "/{area}/"])
def test_a_folder_of_another_host_is_not_there(path: str) -> None:
    table = RoutingTable({path: [Entry(B, hosts=("b.test",))], "/": A})
    assert table.find("GET", "b.test", "/admin") == SlashMissing("/admin/")
    found = table.find("GET", "a.test", "/admin")
    assert isinstance(found, Match)
    assert (found.entry.route, found.rest) == (A, "admin")
    assert RoutingTable({path: [Entry(B, hosts=("b.test",))]}).find("GET", "a.test", "/admin") is None
