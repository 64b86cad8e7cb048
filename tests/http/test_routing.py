from __future__ import annotations

import pytest

from protocols.http import RespondRoute
from protocols.http.files import FilesRoute
from protocols.http.routing import Match, RoutingTable, SlashMissing

A, B, C = RespondRoute("a"), RespondRoute("b"), RespondRoute("c")


@pytest.fixture
def table() -> RoutingTable:
    return RoutingTable({"/": A, "/b": B, "/old/": C, "/old/deep/": B, "/caf%C3%A9": C})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", Match(A, "")),
        ("/b", Match(B, "")),
        ("/b/", Match(A, "b/")),
        ("/bb", Match(A, "bb")),
        ("/old/", Match(C, "")),
        ("/old/x/y", Match(C, "x/y")),
        ("/old/deep/x", Match(B, "x")),
        ("/older", Match(A, "older")),
        ("//old/x", Match(A, "/old/x")),
        ("/old", SlashMissing("/old/")),
        ("/old/deep", SlashMissing("/old/deep/")),
        ("/café", Match(C, "")),
    ],
)
def test_the_exact_path_then_the_longest_prefix(table: RoutingTable, path: str, found: object) -> None:
    assert table.find(path) == found


def test_no_route() -> None:
    assert RoutingTable({"/a": A}).find("/b") is None


@pytest.mark.parametrize("path", ["", "a", "/a//b", "/../a", "/%", "/a%00"])
def test_a_path_that_no_request_has_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        RoutingTable({path: A})


def test_one_path_written_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="same path"):
        RoutingTable({"/é": A, "/%C3%A9": B})


def test_a_folder_needs_its_slash(tmp_path: object) -> None:
    with pytest.raises(ValueError, match="/docs/"):
        RoutingTable({"/docs": FilesRoute(str(tmp_path))})
