"""Where values came from, and what of them may be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.daemon.document import Place, Spot
from protocols.daemon.origin import HIDDEN, Origin

PLACE = Place("a.yaml", 2, 3)


@pytest.fixture
def origin() -> Origin:
    spots = {("a",): Spot(Place("a.yaml", 2, 1), PLACE), ("b",): Spot(PLACE, PLACE)}
    return Origin(Path("/etc/a.yaml"), spots)


def test_the_nearest_place_stands_for_what_has_none(origin: Origin) -> None:
    assert origin.known(("a", "x", 0)) == ("a",)
    assert origin.place(("a", "x", 0)) == PLACE
    assert origin.place(("a",), key=True).column == 1
    assert origin.place(("c",)) == Place("/etc/a.yaml", 0, 0)


def test_what_short_forms_leave_out() -> None:
    listed = [("t",), ("t", 0), ("t", 1), ("t", 1, "allow"), ("a",), ("m",), ("m", "b")]
    origin = Origin(Path("/etc/a.yaml"), dict.fromkeys(listed, Spot(PLACE, PLACE)))
    assert origin.known(("t", "proxies", 1)) == ("t", 1)
    assert origin.known(("t", "rules", 1, "allow", 0, "networks", 0)) == ("t", 1, "allow")
    assert origin.known(("t", "proxies", 2)) == ("t",)
    assert origin.known(("a", 0)) == ("a",)
    assert origin.known(("m", 0, "b")) == ("m", "b")
    assert origin.split(("m", "c", "b")) == (("m",), ("c", "b"))
    origin.hidden = frozenset({("t", 0)})
    assert origin.problem(("t", "proxies", 0), "hunter2 is wrong").message == HIDDEN
    assert [origin.hides(path) for path in (("t",), ("t", 0), ("t", 1), ("t", 0, "x"), ("a",))] == [
        True,
        True,
        False,
        True,
        False,
    ]


def test_nothing_is_said_of_a_secret(origin: Origin) -> None:
    origin.hidden = frozenset({("a",)})
    assert origin.problem(("a", "call"), "hunter2 is wrong").message == HIDDEN
    assert origin.problem(("a",), "is wrong", safe=True).message == "is wrong"
    assert origin.problem(("a",), "is unknown", key=True).message == "is unknown"
    assert origin.problem(("b",), "5 is wrong").message == "5 is wrong"


def test_files_are_shown_relative_to_the_folder(origin: Origin) -> None:
    assert origin.shown(Path("/etc/tls/a.pem")) == "tls/a.pem"
    assert origin.shown(Path("/var/a.pem")) == "/var/a.pem"
